// Unpadded base64url, as the signer writes bytes.

export function utf8(text) {
  return new TextEncoder().encode(text);
}

export function b64(buffer) {
  const latin = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(latin).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function unb64(text) {
  const latin = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(latin, (character) => character.charCodeAt(0));
}
