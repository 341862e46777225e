// The passkeys of whoever is in, and the first one of whoever is not.

import { button, card, command, field, figures, h, folded, section, when } from "./dom.js";
import { act, make, signIn } from "./passkey.js";
import { ask, visit } from "./signer.js";
import { click, submit } from "./work.js";

/** Two steps, each begun by a click: the passkey that is there signs, then another device makes the new one. */
let begun = null;

export function passkeys({ owner, passkeys: known }) {
  if (!known.length) {
    return section("Passkeys", card(h("p", {}, "You have none. On a real account your grants need one. The first takes a code from the vault's host, which its operator gives you:"),
      h("p", {}, command("passkey-code", owner)), h("p", { class: "bp-note" }, "It is good for 15 minutes."), first()));
  }
  return section("Passkeys", h("div", { class: "bp-cards bp-pairs" }, ...known.map(shown)), h("div", { class: "mt-3" }, card(begun ? making() : adding())));
}

function shown(passkey) {
  return card(h("article", { "data-passkey": passkey.id }, h("div", { class: "bp-head" }, h("h3", {}, passkey.label)),
    figures([["Added", when(passkey.added_at)], ["Last used", when(passkey.used_at)]]),
    h("div", { class: "bp-acts" }, folded("Remove", "btn-outline-danger", h("p", {}, "It approves nothing any more. Removing it takes a passkey, this one or another."),
      button("Remove this passkey", click(async () => {
        await act("remove-passkey", passkey.id);
        return "The passkey is removed.";
      }), "btn-danger")))));
}

function adding() {
  const further = submit(async ({ label }) => {
    begun = { label, ceremony: (await act("add-passkey")).make };
  });
  return h("form", { class: "bp-form", id: "further", onsubmit: further },
    field("Name of another passkey", { name: "label", maxlength: "80", placeholder: "Security key" }, "A second one, kept elsewhere, lets you in when the first is lost."), h("button", { class: "btn" }, "Add another"));
}

function making() {
  const { label, ceremony } = begun;
  const finish = async () => {
    try {
      await make(ceremony, label);
    } finally {
      begun = null;
    }
    return "The passkey is added.";
  };
  return h("div", {}, h("p", {}, "You are known. Now have the other device ready: a security key in its slot, or a telephone at hand."),
    h("div", { class: "bp-actions" }, button(`Make the passkey ${label}`, click(finish), "btn-primary"),
      button("Don't", click(async () => {
        begun = null;
        return "Nothing was added.";
      }))));
}

/** For whoever is outside. */
export function door(web) {
  return h("div", { class: "bp-narrow" },
    section("Come in", card(h("p", {}, "Sign in with your passkey, or ", web ? h("a", { href: web }, "open the vault from the web") : "open the vault from the web", "."),
      button("Sign in with a passkey", click(async () => {
        visit.begin((await signIn()).visit);
      }), "btn-primary"))),
    section("Your first passkey", card(h("p", {}, "It takes a code from the vault's own host: ", command("passkey-code", "OWNER"), ". Your id as an owner stands at the bottom of your vault page."), first())));
}

function first() {
  const redeem = submit(async ({ code, label }) => {
    await make(await ask("/v1/passkeys/redeem", { code }), label);
    return visit.held ? "The passkey is added." : "The passkey is added. Sign in with it.";
  });
  return h("form", { class: "bp-form", id: "first", onsubmit: redeem }, field("Code", { name: "code", class: "form-control bp-secret", placeholder: "xxxxx-xxxxx-xxxxx-xxxxx" }),
    field("Name of the passkey", { name: "label", maxlength: "80", placeholder: "Laptop" }), h("button", { class: "btn btn-primary" }, "Add a passkey"));
}
