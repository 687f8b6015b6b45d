// What the examples have in common: where the server is, and its key.
import WebSocket from "ws";

const LOCAL = "http://127.0.0.1:8000";

/** The address, and the rest of the command line. Ends with the usage where that is too short. */
export function commandLine(usage, least) {
  const given = process.argv.slice(2);
  const address = given[0]?.includes("://") ? given.shift() : LOCAL;
  if (given.length < least) fail(`Usage: node ${usage}`);
  return [address, ...given];
}

/** A socket; the address may begin with http or ws, with or without TLS. */
export function open(address, path) {
  const key = process.env.STTS_API_KEY;
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const socket = new WebSocket(address.replace(/^http/, "ws").replace(/\/+$/, "") + path, { headers });
  return socket.on("error", (error) => fail(error.message));
}

export function fail(message) {
  console.error(message);
  process.exit(1);
}
