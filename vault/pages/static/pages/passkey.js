// What authenticators are asked, and what they answer, in the signer's words.

import { b64, unb64, utf8 } from "./bytes.js";
import { ask } from "./signer.js";

/** Sign for an act. `begun` is the signer's challenge for it. */
export async function signed(begun) {
  const given = await navigator.credentials.get({
    publicKey: {
      challenge: unb64(begun.challenge),
      rpId: begun.rp_id,
      allowCredentials: begun.passkeys.map((id) => ({ type: "public-key", id: unb64(id) })),
      userVerification: "required",
    },
  });
  return {
    ceremony: begun.ceremony,
    passkey: b64(given.rawId),
    client_data: b64(given.response.clientDataJSON),
    authenticator_data: b64(given.response.authenticatorData),
    signature: b64(given.response.signature),
  };
}

/** Do something that takes a passkey: the challenge, the signature, the act. */
export async function act(name, subject = "") {
  const begun = await ask("/v1/passkeys/begin", { act: name, subject });
  return ask("/v1/passkeys/confirm", { act: name, assertion: await signed(begun) });
}

export async function signIn() {
  const begun = await ask("/v1/passkeys/begin-sign-in");
  return ask("/v1/passkeys/sign-in", { assertion: await signed(begun) });
}

/** Make a passkey for a challenge of the signer, and have it kept. */
export async function make(begun, label) {
  const made = await navigator.credentials.create({
    publicKey: {
      challenge: unb64(begun.challenge),
      rp: { id: begun.rp_id, name: "Botplatform vault" },
      user: { id: utf8(begun.owner), name: label, displayName: label },
      pubKeyCredParams: begun.algorithms.map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: begun.passkeys.map((id) => ({ type: "public-key", id: unb64(id) })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      attestation: "none",
    },
  });
  return ask("/v1/passkeys/add", {
    ceremony: begun.ceremony,
    owner: begun.owner,
    label,
    client_data: b64(made.response.clientDataJSON),
    authenticator_data: b64(made.response.getAuthenticatorData()),
  });
}
