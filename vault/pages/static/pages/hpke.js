// HPKE (RFC 9180), base mode, one message: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, on WebCrypto.
// What it makes is opened by the intake child alone (vault/hazmat/sealed.py).

const P256 = { name: "ECDH", namedCurve: "P-256" };
const HASH = 32;
const KEM = bytes([...text("KEM"), 0x00, 0x10]);
const SUITE = bytes([...text("HPKE"), 0x00, 0x10, 0x00, 0x01, 0x00, 0x02]);
const NOTHING = new Uint8Array(0);

/**
 * The encapsulated key (65 bytes) followed by the ciphertext with its tag.
 *
 * `recipient` is a P-256 public key as an uncompressed point; one that is not on the curve is refused. `ephemeral` is
 * made here; only a test with published vectors brings its own.
 */
export async function seal(recipient, info, plaintext, { aad = NOTHING, ephemeral } = {}) {
  const pair = ephemeral ?? (await crypto.subtle.generateKey(P256, false, ["deriveBits"]));
  const theirs = await crypto.subtle.importKey("raw", recipient, P256, true, []);
  const enc = bytes(await crypto.subtle.exportKey("raw", pair.publicKey));
  const shared = await encapsulated(pair.privateKey, theirs, joined(enc, recipient));
  const { key, nonce } = await schedule(shared, info);
  const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const algorithm = { name: "AES-GCM", iv: nonce, additionalData: aad, tagLength: 128 };
  return joined(enc, bytes(await crypto.subtle.encrypt(algorithm, aes, plaintext)));
}

/** RFC 9180, 4.1: the shared secret of DHKEM. */
async function encapsulated(ours, theirs, context) {
  const agreed = bytes(await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours, 256));
  const root = await labeledExtract(KEM, NOTHING, "eae_prk", agreed);
  return labeledExpand(KEM, root, "shared_secret", context, HASH);
}

/** RFC 9180, 5.1, mode base: the key and the nonce of the first message. */
async function schedule(shared, info) {
  const noPsk = await labeledExtract(SUITE, NOTHING, "psk_id_hash", NOTHING);
  const about = await labeledExtract(SUITE, NOTHING, "info_hash", info);
  const context = joined(bytes([0x00]), noPsk, about);
  const secret = await labeledExtract(SUITE, shared, "secret", NOTHING);
  return {
    key: await labeledExpand(SUITE, secret, "key", context, 32),
    nonce: await labeledExpand(SUITE, secret, "base_nonce", context, 12),
  };
}

async function labeledExtract(suite, salt, label, material) {
  return hmac(salt, joined(text("HPKE-v1"), suite, text(label), material));
}

/** At most one block of HKDF: nothing here is longer than the hash. */
async function labeledExpand(suite, root, label, info, length) {
  const labeled = joined(bytes([0x00, length]), text("HPKE-v1"), suite, text(label), info);
  return (await hmac(root, joined(labeled, bytes([0x01])))).slice(0, length);
}

async function hmac(key, message) {
  // WebCrypto takes no empty key; HMAC pads with zeros anyhow, so these zeros are the same key.
  const raw = key.length ? key : new Uint8Array(HASH);
  const imported = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return bytes(await crypto.subtle.sign("HMAC", imported, message));
}

function bytes(value) {
  return new Uint8Array(value);
}

function text(value) {
  return new TextEncoder().encode(value);
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
