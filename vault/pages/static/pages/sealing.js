// A key's sealed form, as docs/signer-api.md ("Sealing a key") says it.

import { b64, unb64, utf8 } from "./bytes.js";
import { seal } from "./hpke.js";

const PURPOSE = "botplatform intake v1";

/** What the form is bound to: the purpose, the owner and the key's id, each after its length in two bytes. */
export function boundTo(owner, credential) {
  const parts = [PURPOSE, owner, credential].map(utf8);
  return new Uint8Array(parts.flatMap((part) => [part.length >> 8, part.length & 0xff, ...part]));
}

/** base64url, for `/v1/keys/connect`. `words` are key, secret and, where the exchange has one, passphrase. */
export async function sealedForm({ key, secret, passphrase }, { owner, credential, publicKey }) {
  const words = { v: 1, key, secret, ...(passphrase ? { passphrase } : {}) };
  const sealed = await seal(unb64(publicKey), boundTo(owner, credential), utf8(JSON.stringify(words)));
  return b64(sealed);
}
