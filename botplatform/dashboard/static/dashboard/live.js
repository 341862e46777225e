// Keeps the page as the server sees it: {"part": name, "is": html} replaces what stands in [data-part=name]; the chart
// listens to the parts that have no element. Says so when the connection is gone.
const notice = document.getElementById("connection");
const source = new EventSource(document.getElementById("live").dataset.stream);

function say(text) {
  notice.textContent = text;
  notice.hidden = !text;
}

source.onopen = () => say("");
source.onerror = () => say("Not connected. The figures may be old; trying again.");
source.onmessage = (event) => {
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
  } else if (element.innerHTML !== is) {
    element.innerHTML = is;
    globalThis.htmx.process(element);
  }
};
addEventListener("pagehide", () => source.close());
addEventListener("pageshow", (event) => event.persisted && location.reload());
