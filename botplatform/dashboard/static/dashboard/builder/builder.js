// The builder: whatever is typed or dragged is answered by the server at once, and can be undone.
import { drawing } from "./drawing.js";
import { testing } from "./testing.js";

const form = document.getElementById("builder");
const id = (name) => document.getElementById(name);
const REST = 600; // milliseconds without a change after which the band over many starts is asked for
const PAUSE = 120; // between a key and its answer
const token = form.querySelector("[name=csrfmiddlewaretoken]").value;

const test = testing(id("test-chart"), { figures: id("test-figures"), covers: id("test-covers"), words: id("test-words"), legend: id("kept-legend") });
const picture = drawing(id("builder-chart"), (handle, price, done) => {
  ask({ drag: handle, at: String(price) });
  if (done) remember();
});

// What stands in the form, as text: kept for undo and for comparing.
function state() {
  const data = new FormData(form);
  for (const name of ["csrfmiddlewaretoken", "_interval", "then"]) data.delete(name);
  return new URLSearchParams(data).toString();
}

async function post(url, body) {
  const response = await fetch(url, { method: "POST", body, headers: { "X-CSRFToken": token, "Content-Type": "application/x-www-form-urlencoded" } });
  if (response.redirected || response.status === 403) location.reload(); // signed out meanwhile
  if (!response.ok) throw new Error(String(response.status));
  return response;
}

// One question at a time: what changes meanwhile is asked when the answer is there, and only the latest of it.
let asking = false;
let next = null;
let resting = 0;

async function ask(more = {}) {
  next = more;
  if (asking) return;
  asking = true;
  form.dataset.busy = "yes";
  while (next !== null) {
    const body = new URLSearchParams(state());
    for (const [name, value] of Object.entries(next)) body.set(name, value);
    next = null;
    const began = performance.now();
    try {
      const reply = await (await post(form.dataset.answer, body)).json();
      show(reply);
      form.dataset.answered = String(Math.round(performance.now() - began));
    } catch {
      id("test-words").textContent = "Not connected. The next change tries again.";
    }
  }
  asking = false;
  delete form.dataset.busy;
  form.dataset.asked = String(Number(form.dataset.asked ?? 0) + 1);
}

function show(reply) {
  for (const [path, text] of Object.entries(reply.set)) {
    const field = form.elements.namedItem(path);
    if (field) field.value = text;
  }
  for (const element of form.querySelectorAll("[data-problem]")) element.textContent = reply.problems[element.dataset.problem] ?? "";
  for (const element of form.querySelectorAll("[data-warning]")) element.textContent = reply.warnings[element.dataset.warning] ?? "";
  for (const [key, text] of Object.entries(reply.sentences)) form.querySelector(`[data-sentence="${key}"]`).textContent = text;
  for (const [key, count] of Object.entries(reply.troubled)) {
    const badge = form.querySelector(`[data-troubled="${key}"]`);
    badge.hidden = !count;
    badge.textContent = `${count} to correct`;
  }
  id("table").innerHTML = reply.table;
  id("strip").innerHTML = reply.strip;
  picture.lines(reply.lines);
  test.stale();
  test.run(reply.test);
  clearTimeout(resting);
  if (!reply.test.problem) resting = setTimeout(band, REST);
}

async function band() {
  const asked = state();
  try {
    const answer = await (await post(form.dataset.band, asked)).json();
    if (asked === state()) test.band(answer);
  } catch {
    return; // the band is an extra: the next rest asks again
  }
}

// Undo: every state that somebody rested on.
const past = [state()];
let remembering = 0;

function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const now = state();
    if (now !== past.at(-1)) past.push(now);
    id("undo").disabled = past.length < 2;
  }, 300);
}

async function restore(kept) {
  const where = new URLSearchParams(kept);
  await sections(where);
  for (const [name, value] of where) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLElement && field.type !== "checkbox" && field.type !== "select-multiple") field.value = value;
  }
  units();
  ask();
}

async function undo() {
  const now = state();
  if (now !== past.at(-1)) past.push(now);
  if (past.length < 2) return;
  past.pop();
  await restore(past.at(-1));
  id("undo").disabled = past.length < 2;
}

id("undo").addEventListener("click", undo);
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !typing) {
    event.preventDefault();
    undo();
  }
});

// Comparing: one state is kept, and drawn beside the present one.
let keptState = null;
id("keep").addEventListener("click", () => {
  keptState = state();
  test.keep();
  id("swap").hidden = false;
});
id("swap").addEventListener("click", async () => {
  const now = state();
  await restore(keptState);
  keptState = now;
  remember();
});

// Rows, conditions and parts come and go with the server's help.
async function sections(body) {
  const response = await post(form.dataset.form, body);
  const open = new Set([...form.querySelectorAll("[data-section]:not([open])")].map((each) => each.dataset.section));
  id("sections").innerHTML = await response.text();
  for (const each of form.querySelectorAll("[data-section]")) each.open = !open.has(each.dataset.section);
  units();
}

async function change(name, value) {
  const body = new URLSearchParams(state());
  body.set(name, value);
  await sections(body);
  remember();
  ask();
}

form.addEventListener("click", (event) => {
  const adds = event.target.closest("[data-add]");
  const removes = event.target.closest("[data-remove]");
  if (adds) change("add", adds.dataset.add);
  if (removes) change("remove", removes.dataset.remove);
});

let typing = 0;
form.addEventListener("input", (event) => {
  const { name, dataset } = event.target;
  if (name === "_interval") return void candles();
  if (name.endsWith(".new")) return;
  if (dataset.part) return void change(event.target.checked ? "add" : "remove", dataset.part);
  if (name === "market") {
    candles();
    history();
    units();
  }
  clearTimeout(typing);
  typing = setTimeout(() => {
    ask();
    remember();
  }, PAUSE);
});

// What stands behind the amounts is the market's own.
function units() {
  const { quote = "quote", base = "base" } = id("id_market").selectedOptions[0]?.dataset ?? {};
  for (const each of form.querySelectorAll("[data-unit=quote]")) each.textContent = quote;
  for (const each of form.querySelectorAll("[data-unit=base]")) each.textContent = base;
}

const of = (url) => url.replace("/0/", `/${id("id_market").value}/`);

async function candles() {
  if (!id("id_market").value) return;
  const interval = form.querySelector("[name=_interval]:checked").value;
  const response = await fetch(`${of(form.dataset.candles)}?interval=${interval}`);
  if (response.ok) picture.candles(await response.json());
}

async function history() {
  if (!id("id_market").value) return;
  const response = await fetch(of(form.dataset.history));
  if (!response.ok) return;
  id("history").innerHTML = await response.text();
  globalThis.htmx.process(id("history"));
}
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "history" && event.target.querySelector("button, :not(*)")) ask();
});

// Start shows the plan first: the exact orders, and what the vault will allow.
id("start")?.addEventListener("click", async (event) => {
  event.preventDefault();
  id("plan").textContent = "Working it out…";
  id("plan-name").textContent = form.elements.namedItem("name").value;
  id("plan-dialog").showModal();
  const response = await post(form.dataset.plan, state());
  id("plan").innerHTML = await response.text();
  for (const each of id("plan-dialog").querySelectorAll("[data-needs]")) {
    const missing = id("plan").querySelector(`[data-${each.dataset.needs}]`) === null;
    each.disabled = missing;
    each.hidden = missing && each.dataset.needs === "deals";
  }
});

// For somebody who looks at it from outside: where a line can be taken hold of.
form.addEventListener("where-is", (event) => {
  event.detail.y = picture.place(event.detail.handle);
});

units();
await candles();
ask();
history();
form.dataset.ready = "yes";
