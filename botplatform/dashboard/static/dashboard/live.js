// Keeps the page as the server sees it: {"part": name, "is": html} replaces what stands in [data-part=name]; the chart
// listens to the parts that have no element. Says so when the connection is gone. Where a list is filtered without
// loading the page again its new [data-stream] is listened to instead.
const notice = document.getElementById("connection");
let source = null;
let address = "";

function say(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

function hear(event) {
  const { part, is } = JSON.parse(event.data);
  if (part === "signed-out") {
    source.close();
    say("You are signed out. Load the page again to sign in.");
    return;
  }
  if (part === "gone") {
    source.close();
    say("This bot is gone.");
    return;
  }
  const element = document.querySelector(`[data-part="${part}"]`);
  if (element === null) {
    document.dispatchEvent(new CustomEvent(`live:${part}`, { detail: is }));
  } else if (element.innerHTML !== is && !busy(element)) {
    element.innerHTML = is;
    globalThis.htmx.process(element);
  }
}

// What somebody is just pointing at with the keyboard is not pulled away: the next message brings it up to date.
function busy(element) {
  return element.contains(document.activeElement) && document.activeElement.matches("a, button, select, input");
}

function listen() {
  const wanted = document.querySelector("[data-stream]")?.dataset.stream;
  if (!wanted || wanted === address) return;
  source?.close();
  address = wanted;
  source = new EventSource(wanted);
  source.onopen = () => say("");
  source.onerror = () => say("Not connected. The figures may be old; trying again.");
  source.onmessage = hear;
}

listen();
document.addEventListener("htmx:afterSettle", listen);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
