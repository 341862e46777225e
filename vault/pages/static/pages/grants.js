// What waits for its owner's approval, and what is in force.

import { badge, button, card, folded, h, quiet, section } from "./dom.js";
import { act } from "./passkey.js";
import { ask } from "./signer.js";
import { grantInWords } from "./words.js";
import { attempt, click } from "./work.js";

export function waiting({ owner, grants }) {
  const those = grants.filter((grant) => grant.waits);
  if (!those.length) return null;
  return section("Waiting for your approval", h("div", { class: "bp-cards bp-pairs" }, ...those.map((grant) => shown(owner, grant))));
}

export function inForce({ owner, grants }) {
  const those = grants.filter((grant) => !grant.waits);
  if (!those.length) return section("What your bots may do", card(quiet("No bot may do anything yet. A grant is written when you start one.")));
  return section("What your bots may do", h("div", { class: "bp-cards bp-pairs" }, ...those.map((grant) => shown(owner, grant))));
}

function shown(owner, grant) {
  const state = grant.waits ? badge("counts only once you approve it", "orange") : badge(grant.paper ? "paper" : "approved", grant.paper ? "secondary" : "green");
  const approve = button("Approve with a passkey", click(async () => {
    await act("approve", `${grant.id}@${grant.digest}`);
    return `${grant.label} is approved.`;
  }), "btn-primary");
  const head = h("div", { class: "bp-head" }, h("h3", {}, grant.label), badge(`version ${grant.version}`, "blue"), state);
  const body = [terms(grant), h("p", { class: "bp-mark" }, "With the key ", h("strong", {}, grant.key), ". Fingerprint ", h("code", {}, grant.digest.slice(0, 16)))];
  const revoke = folded("Revoke", "btn-outline-danger",
    h("p", {}, "The bot stops for good: nothing more is signed under this grant. Orders that rest at the exchange stay there."),
    button("Revoke this grant", () => attempt(async () => {
      await ask("/v1/grants/revoke", { owner, grant: grant.id });
      return `${grant.label} is revoked.`;
    }), "btn-danger"));
  const acts = h("div", { class: "bp-acts" }, grant.waits ? approve : null, revoke);
  if (grant.waits) return card(h("article", { "data-grant": grant.id }, head, ...body, acts));
  return card(h("article", { "data-grant": grant.id }, head, h("details", {}, h("summary", { class: "mb-2" }, "Everything it may do"), ...body), acts));
}

function terms({ terms: now, before }) {
  const earlier = new Map((before ? grantInWords(before) : []).map(([name, , value]) => [name, value]));
  const rows = grantInWords(now).map(([name, label, value]) => {
    const was = earlier.get(name);
    const changed = was !== undefined && was !== value;
    return h("tr", { "data-term": name, class: changed ? "bp-changed" : "" }, h("th", { scope: "row" }, label), h("td", {}, value, changed ? h("small", {}, `approved was: ${was}`) : null));
  });
  return h("table", { class: "bp-terms" }, h("tbody", {}, ...rows));
}
