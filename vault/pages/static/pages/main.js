// The vault's page: what its owner has there, and what its owner alone may do.

import { button, field, h, section, table } from "./dom.js";
import { act, make, signIn } from "./passkey.js";
import { sealedForm } from "./sealing.js";
import { ask, Refusal, visit } from "./signer.js";
import { grantInWords } from "./words.js";

const content = document.getElementById("content");
const leaving = document.getElementById("leave");
const when = (text) => (text ? `${text.slice(0, 16).replace("T", " ")} UTC` : "never");

function say(id, text) {
  const box = document.getElementById(id);
  box.textContent = text;
  box.hidden = !text;
}

/** Do something, say how it went, show what is now. */
async function attempt(done, doing) {
  say("trouble", "");
  say("done", "");
  try {
    const told = await doing();
    if (told?.next) return document.getElementById("further").replaceWith(...told.next);
    say("done", told ?? done);
  } catch (why) {
    if (why instanceof Refusal && why.code === "visit_over") visit.end();
    say("trouble", inWords(why));
  }
  await show();
}

/** What went wrong, for people. Browsers tell little of passkeys, on purpose. */
function inWords(why) {
  if (why instanceof Refusal) return why.message;
  if (why.name === "NotAllowedError") return "The passkey was not used.";
  if (why.name === "InvalidStateError") return "That device holds a passkey of yours already. Use another one.";
  if (why.name === "TypeError") return "The vault does not answer. Look whether it runs, and try again.";
  return `${why.name}: ${why.message}`;
}

const click = (done, doing) => () => attempt(done, doing);

async function show() {
  leaving.hidden = !visit.held;
  if (!visit.held) return content.replaceChildren(...outside());
  try {
    const seen = await ask("/v1/visits/look");
    content.replaceChildren(waiting(seen), stopped(seen), keys(seen), connecting(seen), passkeys(seen));
  } catch (why) {
    if (why.code !== "visit_over") return say("trouble", why.message);
    visit.end();
    await show();
  }
}

function outside() {
  return [
    section("Come in", h("p", {}, "Open the vault from the web, or sign in with a passkey."),
      button("Sign in with a passkey", click("", async () => visit.begin((await signIn()).visit)), "btn-primary")),
    section("A first passkey", h("p", {}, "It takes a code from the vault's own host: ", h("code", {}, "python -m vault passkey-code OWNER"), "."),
      h("form", { class: "narrow", id: "first", onsubmit: first }, field("Code", { name: "code" }), field("Name of the passkey", { name: "label", maxlength: "80" }), h("button", { class: "btn btn-primary" }, "Add a passkey"))),
  ];
}

function first(event) {
  event.preventDefault();
  const { code, label } = Object.fromEntries(new FormData(event.target));
  attempt("The passkey is added. Sign in with it.", async () => void (await make(await ask("/v1/passkeys/redeem", { code }), label)));
}

function waiting({ grants }) {
  const those = grants.filter((grant) => grant.waits);
  if (!those.length) return section("To approve", h("p", {}, "Nothing waits for you."));
  return section("To approve", ...those.map((grant) => h("article", { "data-grant": grant.id },
    h("h3", {}, `${grant.label}, version ${grant.version}, with the key ${grant.key}`),
    table(["This bot", ""], grantInWords(grant.text)),
    h("p", {}, "Fingerprint ", h("code", {}, grant.digest)),
    button("Approve with a passkey", click(`${grant.label} is approved.`, async () => void (await act("approve", grant.id))), "btn-primary"))));
}

function stopped({ kills }) {
  const rows = kills.map((kill) => [kill.scope, kill.level === "everything" ? "Look-ups and cancels only" : "Nothing is opened",
    kill.mine ? button("Lift with a passkey", click("Lifted.", async () => void (await act("lift", kill.scope)))) : "Put by somebody else"]);
  return section("Stopped", rows.length ? table(["What", "How far", ""], rows) : h("p", {}, "Nothing is stopped."));
}

function keys({ owner, credentials }) {
  const rows = credentials.map((key) => [key.label, key.exchange, key.state, when(key.last_used), key.bots.join(", ") || "no bot",
    button("Remove", click("The key is destroyed, its grants are revoked.", async () => {
      if (!confirm(`Destroy ${key.label}? Its bots stop.`)) return "Nothing was done.";
      await ask("/v1/keys/remove", { owner, credential: key.id });
    }), "btn-outline-danger")]);
  return section("Keys", rows.length ? table(["Name", "Exchange", "State", "Last used", "Used by", ""], rows) : h("p", {}, "No key is connected."));
}

function connecting({ owner }) {
  return section("Connect a key",
    h("p", {}, "What you type is sealed in this page before it leaves it. Give the key the right to trade, not to withdraw."),
    h("form", { class: "narrow", id: "connect", onsubmit: (event) => connect(event, owner) },
      field("Name", { name: "label", maxlength: "80" }), field("Exchange", { name: "exchange", value: "paper" }),
      field("Key", { name: "key", spellcheck: "false" }), field("Secret", { name: "secret", type: "password" }),
      field("Passphrase, where the exchange has one", { name: "passphrase", type: "password", required: false }),
      h("button", { class: "btn btn-primary" }, "Connect")));
}

function connect(event, owner) {
  event.preventDefault();
  const { label, exchange, ...typed } = Object.fromEntries(new FormData(event.target));
  attempt("", async () => {
    const { credential, public_key: publicKey } = await ask("/v1/keys/announce", { owner, exchange, label });
    const sealed = await sealedForm(typed, { owner, credential, publicKey });
    const rights = await ask("/v1/keys/connect", { owner, credential, sealed });
    return `${rights.label} is connected. It can trade and cannot withdraw. ${address(rights.ip_bound)}`;
  });
}

function address(bound) {
  if (bound === true) return "It is bound to an address.";
  const advice = "Bind it to this installation's address at the exchange: then a copy of it is worth nothing elsewhere.";
  return bound === false ? `It works from any address. ${advice}` : `The exchange does not tell whether it is bound to an address. ${advice}`;
}

function passkeys({ passkeys: known }) {
  const rows = known.map((passkey) => [passkey.label, when(passkey.added_at), when(passkey.used_at),
    button("Remove", click("The passkey is removed.", async () => void (await act("remove-passkey", passkey.id))), "btn-outline-danger")]);
  return section("Passkeys",
    rows.length ? table(["Name", "Added", "Last used", ""], rows) : h("p", {}, "You have none. The first takes a code from the vault's host: leave, and add it there."),
    rows.length ? h("form", { class: "narrow", id: "further", onsubmit: further }, field("Name of another passkey", { name: "label", maxlength: "80" }), h("button", { class: "btn" }, "Add another")) : null);
}

/** Two steps, each begun by a click: the passkey that is there signs, then another device makes the new one. */
function further(event) {
  event.preventDefault();
  const { label } = Object.fromEntries(new FormData(event.target));
  attempt("", async () => {
    const begun = (await act("add-passkey")).make;
    return { next: making(label, begun) };
  });
}

function making(label, begun) {
  return [h("p", {}, `You are known. Now have the other device ready: a security key in its slot, or the telephone at hand.`),
    button(`Make the passkey ${label}`, click("The passkey is added.", async () => void (await make(begun, label))), "btn-primary"),
    button("Don't", click("", async () => "Nothing was added."))];
}

/** Why nothing can work here, or nothing. */
function impossible() {
  if (!window.isSecureContext) return "This page was reached over plain HTTP, and browsers seal nothing and ask no passkey there. Put TLS in front of the vault's pages and set VAULT_PAGES_ORIGIN to their https address, or open them on the vault's own host as http://localhost.";
  const { elsewhere } = document.body.dataset;
  if (elsewhere) return `Passkeys of this vault belong to ${elsewhere}. Open that address instead.`;
  return window.PublicKeyCredential ? "" : "This browser knows no passkeys. Use a newer one.";
}

leaving.addEventListener("click", click("", async () => {
  await ask("/v1/visits/leave");
  visit.end();
}));
if (document.body.dataset.visit) {
  visit.begin(document.body.dataset.visit);
  document.body.dataset.visit = "";
  history.replaceState(null, "", "/");
}
if (impossible()) say("trouble", impossible());
else await show();
