// The vault's page: what its owner has there, and what its owner alone may do.

import { h } from "./dom.js";
import { inForce, waiting } from "./grants.js";
import { connecting, keys } from "./keys.js";
import { switched } from "./kills.js";
import { door, passkeys } from "./passkeys.js";
import { ask, visit } from "./signer.js";
import { click, drawnBy, inWords, say } from "./work.js";

const content = document.getElementById("content");
const leaving = document.getElementById("leave");
const { elsewhere, web, trouble } = document.body.dataset;

async function show() {
  if (!visit.held) return outside();
  leaving.hidden = false;
  try {
    const seen = await ask("/v1/visits/look");
    const mine = h("p", { class: "bp-quiet mt-4" }, "You are the owner ", h("code", {}, seen.owner), ".");
    const begun = seen.credentials.length > 0; // before the first key there is nothing to stop
    const parts = [waiting(seen), begun && switched(seen), keys(seen), connecting(seen), begun && inForce(seen), passkeys(seen), mine];
    content.replaceChildren(...parts.filter(Boolean));
  } catch (why) {
    if (why.code === "visit_over") {
      visit.end();
      outside();
    }
    say("trouble", inWords(why));
  }
}

function outside() {
  leaving.hidden = true;
  content.replaceChildren(door(web));
}

/** Why nothing can work here, or nothing. */
function impossible() {
  if (!window.isSecureContext) return "This page came over plain HTTP. There browsers neither seal a key nor ask for a passkey, so nothing on it would work. Put TLS in front of the vault's pages and set VAULT_PAGES_ORIGIN to their https address; on the vault's own machine open them as http://localhost instead.";
  if (elsewhere) return `The passkeys of this vault belong to ${elsewhere}. Open that address instead.`;
  return window.PublicKeyCredential ? "" : "This browser knows no passkeys. Use a newer one.";
}

leaving.addEventListener("click", click(async () => {
  await ask("/v1/visits/leave");
  visit.end();
  return "You have left.";
}));
drawnBy(show);
if (document.body.dataset.visit) {
  visit.begin(document.body.dataset.visit);
  document.body.dataset.visit = "";
  history.replaceState(null, "", "/");
}
if (impossible()) say("trouble", impossible());
else await show();
if (trouble && !visit.held) say("trouble", trouble); // a page that is loaded again still holds its visit
document.body.dataset.drawn = "";
