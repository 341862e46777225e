// What is stopped, and stopping.

import { badge, button, card, folded, h, quiet, section } from "./dom.js";
import { act } from "./passkey.js";
import { ask } from "./signer.js";
import { attempt, click } from "./work.js";

const LEFT = {
  opening: "Nothing is opened; exits, cancels and look-ups go on.",
  everything: "Only look-ups and cancels go on.",
};

export function switched(seen) {
  const rows = seen.kills.map((kill) => row(kill, named(seen, kill.scope)));
  const stop = folded("Stop all my bots", "btn-outline-danger",
    h("p", {}, `${LEFT.everything} It is in force at once; lifting it takes your passkey.`),
    button("Stop them now", () => attempt(async () => {
      const { resting } = await ask("/v1/kills/put", { owner: seen.owner, scope: `user:${seen.owner}`, level: "everything" });
      return `All your bots are stopped.${resting ? ` ${resting} orders rest at the exchange and may still trade.` : ""}`;
    }), "btn-danger"));
  const nothing = rows.length ? [] : [quiet("Nothing of yours is stopped.")];
  return section("Kill switch", card(...rows, ...nothing, h("div", { class: "bp-acts mt-3" }, stop)));
}

function row(kill, what) {
  const lift = button("Lift with a passkey", click(async () => {
    await act("lift", kill.scope);
    return "Lifted.";
  }), "btn-primary");
  return h("div", { class: "bp-head", "data-kill": kill.scope }, h("h3", {}, what), badge("stopped", "orange"),
    h("span", { class: "text-secondary" }, LEFT[kill.level]), kill.mine ? lift : h("span", { class: "text-secondary" }, "Somebody with more rights has put it, and lifts it."));
}

function named({ credentials, grants }, scope) {
  const [kind, id] = scope.split(":");
  if (kind === "everything") return "Everybody's bots";
  if (kind === "user") return "All your bots";
  const found = (kind === "account" ? credentials : grants).find((each) => each.id === id);
  return kind === "account" ? `All bots on the key ${found?.label ?? id}` : `The bot ${found?.label ?? id}`;
}
