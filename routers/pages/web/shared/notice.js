/** What went wrong, and what to do next: one notice at the top of the page. */

import { Refused, Unreachable } from "./server.js";
import { text } from "./texts.js";

/** The microphone does not open. */
export class NoMicrophone extends Error {
  /** @param {string} reason the name of the browser's DOMException */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/** For the promise of a microphone: tells its failures from all others. @param {DOMException} error */
export function withoutMicrophone(error) {
  throw new NoMicrophone(error.name);
}

const MISSING = ["engine_weights_missing", "engine_not_installed"];
const WITH_NEXT = [401, 403, 429, 503, ...MISSING];

const notice = document.getElementById("notice");
let shown = null;

// A new attempt takes the notice of the last one away.
document.addEventListener("click", ({ target }) => target.closest("button") && dismiss(), { capture: true });

/** Tells of a failure; somebody's own stop is none. @param {unknown} error @returns {object | null} the notice, to dismiss it */
export function fail(error) {
  if (error?.name === "AbortError") return null;
  if (error instanceof Refused) show(text(`error.${kind(error)}.title`), advice(error));
  else if (error instanceof Unreachable) show(text("error.away.title"), text("error.away.text"));
  else if (error instanceof NoMicrophone) show(text("error.microphone.title"), microphone(error));
  else show(text("error.title"), `${error?.message ?? error} ${text("error.page.next")}`); // ours, or the browser's own words
  return shown;
}

export function show(title, words) {
  notice.querySelector("#notice-title").textContent = title.startsWith("error.") ? text("error.title") : title;
  notice.querySelector("#notice-text").textContent = words;
  notice.hidden = false;
  shown = {};
}

/** @param {object | null} which by default whatever is shown */
export function dismiss(which = shown) {
  if (which !== shown) return;
  notice.hidden = true;
  shown = null;
}

/** What cannot be had by trying again is told by its code: its status is that of a busy server. */
function kind({ code, status }) {
  return MISSING.includes(code) ? code : status;
}

function advice(error) {
  const { message, status, allowed, requestId } = error;
  const next = WITH_NEXT.includes(kind(error)) && `error.${kind(error)}.next`;
  const parts = [message];
  if (allowed.length > 0) parts.push(text("error.allowed", { allowed: allowed.slice(0, 12).join(", ") }));
  if (next) parts.push(text(next));
  if (requestId && status >= 500) parts.push(text("error.request", { id: requestId }));
  return parts.join(" ");
}

function microphone({ reason }) {
  const known = ["NotAllowedError", "NotFoundError", "NotReadableError"].includes(reason);
  return text(known ? `error.microphone.${reason}` : "error.microphone.text");
}
