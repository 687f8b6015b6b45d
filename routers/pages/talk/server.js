/** Where the server is, and how it is asked. */

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/; // what a subprotocol may consist of

/** A path below whatever prefix the page is served at. */
export function endpoint(path) {
  return new URL(`../${path}`, import.meta.url);
}

/** GET with the key, if there is one. */
export function get(path, key) {
  const headers = key ? { "X-API-Key": encoded(key) } : {};
  return fetch(endpoint(path), { headers, cache: "no-store" });
}

/** POST with the key, if there is one. */
export function post(path, key, type, body) {
  const headers = { "Content-Type": type, ...(key ? { "X-API-Key": encoded(key) } : {}) };
  return fetch(endpoint(path), { method: "POST", headers, body, cache: "no-store" });
}

/** Headers carry bytes: any text goes as its UTF-8. */
export function encoded(text) {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** Subprotocols that carry the key: browsers give sockets no headers. @returns {string[]} */
export function protocolsOf(key) {
  if (key === "") return [];
  if (TOKEN.test(key)) return ["realtime", `openai-insecure-api-key.${key}`];
  const plain = btoa(encoded(key)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return ["realtime", `stts-api-key-base64url.${plain}`];
}
