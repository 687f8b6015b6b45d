/** What went wrong, in words for people. */

import { get } from "./server.js";

export const NEEDS_HTTPS = {
  title: "The microphone needs https",
  text:
    "Browsers give a page the microphone only over https, or on the server's own machine. Set server.tls_certificate " +
    "and server.tls_key in config.yaml, or put a proxy with https before the server, and open this page as https://. " +
    "You can write meanwhile.",
};

const MICROPHONE = {
  NotAllowedError: "This page may not use the microphone. Allow it in the browser's address bar, then press again.",
  NotFoundError: "There is no microphone. Connect one, then press again.",
  NotReadableError: "The microphone is in use by another program, or does not work.",
};

const STATUS = {
  403: { title: "Not allowed", text: "This server does not answer under this address; see security.allowed_hosts." },
  429: { title: "Too many requests", text: "Wait a moment, then try again." },
};

const KEY_MISSING = { title: "This server wants its key", text: "Enter it under Settings, then try again.", settings: true };
const KEY_WRONG = { title: "That is not the key of this server", text: "Enter it again under Settings.", settings: true };

/** @param {DOMException} error of getUserMedia */
export function microphoneProblem(error) {
  return { title: "No microphone", text: MICROPHONE[error.name] ?? `The microphone does not open (${error.name}).` };
}

/** What is wrong with a key that was just entered; null: nothing that the server says. */
export async function keyProblem(key) {
  try {
    return answered((await get("info", key)).status, key);
  } catch {
    return null; // a conversation says that the server cannot be reached
  }
}

/** A browser does not say why a socket was refused: this asks the server in another way. */
export async function connectionProblem(key) {
  try {
    const { status } = await get("info", key);
    return answered(status, key) ?? refused(status);
  } catch {
    return { title: "The server cannot be reached", text: "It may be starting, or the network is down. Try again in a moment." };
  }
}

function answered(status, key) {
  if (status === 401) return key === "" ? KEY_MISSING : KEY_WRONG;
  return STATUS[status] ?? null;
}

function refused(status) {
  const full = "It refused a conversation: it may have as many as it can. Try again in a moment.";
  return { title: "The server is busy", text: status === 200 ? full : `It answered with status ${status}.` };
}
