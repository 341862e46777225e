// Exchange keys: what is connected, and connecting. What is typed here is sealed before it leaves the page.

import { badge, button, card, day, field, figures, folded, h, section, when } from "./dom.js";
import { act } from "./passkey.js";
import { sealedForm } from "./sealing.js";
import { ask, Refusal } from "./signer.js";
import { attempt, click, submit } from "./work.js";

const SOON = 30 * 86400; // seconds before its end from which a key is marked
const PRINTABLE = /^[\x21-\x7e]{8,512}$/;

export function keys(seen) {
  if (!seen.credentials.length) return null;
  return section("Keys", h("div", { class: "bp-cards bp-pairs" }, ...seen.credentials.map((key) => shown(seen, key))));
}

function shown(seen, key) {
  const exchange = seen.exchanges.find((each) => each.name === key.exchange);
  const mine = { owner: seen.owner, credential: key.id };
  return card(h("article", { "data-key": key.id },
    h("div", { class: "bp-head" }, h("h3", {}, key.label), badge(key.exchange, exchange?.paper ? "secondary" : "blue"), ...marks(key)),
    key.state === "waiting" ? confirming(key) : null,
    figures([
      ["Used by", key.bots.join(", ") || "no bot"],
      ["Last used", when(key.last_used)],
      ["Works from", bound(key.ip_bound)],
      ["Ends", key.expires ? day(key.expires) : "no end is known"],
    ]),
    h("div", { class: "bp-acts" }, renaming(mine, key), key.state === "ready" ? replacing(seen, key) : null, removing(mine, key))));
}

function marks(key) {
  const left = key.expires ? key.expires - Date.now() / 1000 : Infinity;
  return [
    key.state === "waiting" ? badge("waits for your word", "orange") : null,
    left <= 0 ? badge("has ended", "orange") : left < SOON ? badge(`ends in ${Math.ceil(left / 86400)} days`, "orange") : null,
  ];
}

const bound = (yes) => (yes === null ? "the exchange does not say" : yes ? "its addresses only" : "any address");

function confirming(key) {
  return h("div", { class: "alert alert-warning" },
    h("div", {}, h("p", {}, `The exchange (${key.exchange}) does not say what this key may do. Look at it there: it must be able to trade, and unable to withdraw or transfer. Until you say so, nothing is done with it.`),
      button("It cannot withdraw: I say so with my passkey", click(async () => {
        await act("confirm-key", key.id);
        return `${key.label} is ready.`;
      }), "btn-primary")));
}

function renaming(mine, key) {
  const rename = submit(async ({ label }) => {
    await ask("/v1/keys/rename", { ...mine, label });
    return `It is called ${label} now.`;
  });
  return folded("Rename", "", h("form", { class: "bp-form", onsubmit: rename }, field("New name", { name: "label", maxlength: "80", value: key.label }), h("button", { class: "btn btn-sm btn-primary" }, "Rename it")));
}

function replacing(seen, key) {
  const replace = submit(async (typed, form) => {
    const sealed = await sealedForm(checked(typed, form), { ...mineOf(seen, key), publicKey: seen.public_key });
    const rights = await ask("/v1/keys/rotate", { ...mineOf(seen, key), sealed });
    return `${rights.label} has its new key; the old one is destroyed here. Delete it at the exchange too. ${told(rights)}`;
  });
  return folded("Replace", "",
    h("p", {}, "A newer key of the same account takes its place. Your bots go on with it, and nothing has to be approved again."),
    h("form", { class: "bp-form", "data-replaces": key.id, onsubmit: replace }, ...secrets(), h("button", { class: "btn btn-sm btn-primary" }, "Replace the key")));
}

const mineOf = (seen, key) => ({ owner: seen.owner, credential: key.id });

function removing(mine, key) {
  const bots = key.bots.length ? `Its bots stop: ${key.bots.join(", ")}. ` : "";
  return folded("Remove", "btn-outline-danger", h("p", {}, `${bots}The key is destroyed, and nothing brings it back.`),
    button("Destroy this key", () => attempt(async () => {
      await ask("/v1/keys/remove", mine);
      return `${key.label} is destroyed, its grants are revoked.`;
    }), "btn-danger"));
}

export function connecting(seen) {
  const select = h("select", { class: "form-select", name: "exchange" }, ...seen.exchanges.map(({ name, paper }) => h("option", { value: name }, paper ? `${name} (not real money)` : name)));
  const where = h("li", {});
  const follow = () => where.replaceChildren(...allowing(seen.exchanges.find(({ name }) => name === select.value)));
  select.addEventListener("change", follow);
  follow();
  return section("Connect a key", card(h("div", { class: "bp-two" },
    h("form", { class: "bp-form", id: "connect", onsubmit: submit((typed, form) => connect(seen, typed, form)) },
      h("label", { class: "bp-field" }, h("span", {}, "Exchange"), select),
      field("Name", { name: "label", maxlength: "80", placeholder: "Savings" }, "For you, to tell it from others."),
      ...secrets(),
      h("button", { class: "btn btn-primary" }, "Connect")),
    h("div", {}, h("p", {}, "At the exchange, make a key that"),
      h("ul", {}, h("li", {}, "may read, and trade on spot;"), h("li", {}, "may ", h("strong", {}, "not"), " withdraw: one that can is refused;"), where),
      h("p", { class: "text-secondary mt-3 mb-0" }, "Key and secret are sealed in this page. Only a process that lives for a second opens them, puts them into the key store, and ends. Nobody reads them again, you neither.")))));
}

function allowing(exchange) {
  if (exchange?.address) return ["works from ", h("code", {}, exchange.address), " only: the address of this vault."];
  return ["works from this vault's address only. Its operator knows that, and shows it here with ", h("code", {}, "VAULT_EGRESS_ADDRESS"), "."];
}

function secrets() {
  return [
    field("Key", { name: "key", class: "form-control bp-secret" }),
    field("Secret", { name: "secret", type: "password", class: "form-control bp-secret", autocomplete: "new-password" }),
  ];
}

async function connect(seen, { label, exchange, ...typed }, form) {
  const words = checked(typed, form);
  const { credential, public_key: publicKey } = await ask("/v1/keys/announce", { owner: seen.owner, exchange, label });
  const sealed = await sealedForm(words, { owner: seen.owner, credential, publicKey });
  const rights = await ask("/v1/keys/connect", { owner: seen.owner, credential, sealed });
  return rights.waits ? `${rights.label} is in the vault, and waits for a word of yours.` : `${rights.label} is connected. ${told(rights)}`;
}

/** Without the spaces that copying brings along. Throws, having said it at the field, when no key looks like that. */
function checked(typed, form) {
  const words = Object.fromEntries(Object.entries(typed).map(([name, text]) => [name, text.trim()]));
  let fine = true;
  for (const [name, text] of Object.entries(words)) {
    const wrong = PRINTABLE.test(text) ? "" : "It must be 8 to 512 printable characters without spaces. Copy it again.";
    form.elements[name].closest("label").querySelector(".bp-wrong").textContent = wrong;
    if (wrong && fine) form.elements[name].focus();
    fine &&= !wrong;
  }
  if (!fine) throw new Refusal({ code: "field", sentence: "That is not what a key looks like. Nothing was sent." });
  return words;
}

function told(rights) {
  const trade = "It can trade and cannot withdraw.";
  const where = rights.address ? `Bind it to ${rights.address} at the exchange` : "Bind it to this vault's address at the exchange";
  const open = `${where}: then a copy of it is worth nothing elsewhere.`;
  const from = rights.ip_bound ? "It works from its addresses only." : rights.ip_bound === false ? `It works from any address. ${open}` : `The exchange does not say from where it works. ${open}`;
  return `${trade} ${from}${rights.expires ? ` It ends on ${day(rights.expires)}.` : ""}`;
}
