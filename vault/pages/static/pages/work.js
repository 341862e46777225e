// Doing something, and saying how it went.

import { Refusal, visit } from "./signer.js";

let draw = () => {};

/** What draws the page again when something has changed. */
export function drawnBy(show) {
  draw = show;
}

export function say(id, text, { look = true } = {}) {
  const box = document.getElementById(id);
  box.textContent = text;
  box.hidden = !text;
  if (text && look) box.focus();
}

/** What went wrong, for people. Browsers tell little of passkeys, on purpose. */
export function inWords(why) {
  if (why instanceof Refusal) return why.message;
  if (why.name === "NotAllowedError") return "The passkey was not used.";
  if (why.name === "InvalidStateError") return "That device holds a passkey of yours already. Use another one.";
  if (why.name === "TypeError") return "The vault does not answer. Look whether it runs, and try again.";
  return `${why.name}: ${why.message}`;
}

/** Run it with every button out of reach; `doing` answers what to say. What was typed stays when it fails. */
export async function attempt(doing) {
  say("trouble", "");
  say("done", "");
  const buttons = [...document.querySelectorAll("button:enabled")];
  for (const each of buttons) each.disabled = true;
  document.body.setAttribute("aria-busy", "true");
  try {
    const told = await doing();
    await draw();
    say("done", told ?? "");
  } catch (why) {
    if (why.code === "visit_over") visit.end();
    if (why.code === "visit_over" || why.code === "ceremony_over") await draw();
    say("trouble", inWords(why), { look: why.code !== "field" });
  } finally {
    for (const each of buttons) each.disabled = false;
    document.body.removeAttribute("aria-busy");
  }
}

export const click = (doing) => () => attempt(doing);

/** A form whose words go to `doing`. */
export const submit = (doing) => (event) => {
  event.preventDefault();
  const form = event.target;
  attempt(() => doing(Object.fromEntries(new FormData(form)), form));
};
