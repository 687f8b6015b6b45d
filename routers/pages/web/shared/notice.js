/** What went wrong, and what to do next: one notice at the top of the page. */

import { told } from "./refusals.js";
import { Refused, Unreachable, isReady } from "./server.js";
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

const notice = document.getElementById("notice");
let shown = null;
const LOOK_MS = 3000; // whether what has passed by itself still is
const STOPPING = ["shutting_down"];
const BETWEEN = [502, 504]; // answers of a proxy whose server is away
const NOT_KEPT = ["SecurityError", "QuotaExceededError"]; // DOMExceptions of a browser's storage

// A new attempt takes the notice of the last one away: a press, a form that is sent by its Enter key, files that are chosen or dropped.
const ATTEMPTS = {
  click: ({ target }) => target.closest("button"),
  submit: () => true,
  change: ({ target }) => target.type === "file",
  drop: ({ dataTransfer }) => dataTransfer?.types.includes("Files"),
};
for (const [type, isOne] of Object.entries(ATTEMPTS)) document.addEventListener(type, (event) => isOne(event) && dismiss(), { capture: true });
document.getElementById("notice-key").addEventListener("click", () => document.getElementById("open-key").click());

/** Tells of a failure; somebody's own stop is none. @param {unknown} error @returns {object | null} the notice, to dismiss it */
export function fail(error) {
  if (error?.name === "AbortError") return null;
  show(...worded(error));
  shown.isAway = error instanceof Unreachable || STOPPING.includes(error?.code) || (error instanceof Refused && BETWEEN.includes(error.status));
  if (shown.isAway) dismissWhenBack(shown);
  return shown;
}

/** Whoever reads it need not try whether the server is back. */
async function dismissWhenBack(which) {
  do await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  while (which === shown && (document.hidden || !(await isReady())));
  dismiss(which);
}

/**
 * What went wrong, and what to do next, for whoever tells it at its own place.
 * @returns {[string, string, object?]} title, words, and where they lead
 */
export function worded(error) {
  if (error instanceof Refused) return refused(error);
  if (error instanceof Unreachable) return [text("error.away.title"), text("error.away.text")];
  if (error instanceof NoMicrophone) return [text("error.microphone.title"), microphone(error)];
  if (NOT_KEPT.includes(error?.name)) return [text("error.storage.title"), text("error.storage.text")];
  return [text("error.title"), `${error?.message ?? error} ${text("error.page.next")}`]; // ours, or the browser's own words
}

/** @param {{page?: string, wantsKey?: boolean, request?: string}} leads to where something can be done about it, or is told why */
export function show(title, words, { page, wantsKey = false, request = "" } = {}) {
  const link = notice.querySelector("#notice-page");
  notice.querySelector("#notice-title").textContent = title;
  notice.querySelector("#notice-text").textContent = words;
  notice.querySelector("#notice-key").hidden = !wantsKey;
  link.hidden = !page || page === document.getElementById("main").dataset.page;
  if (page) Object.assign(link, { href: page, textContent: text(`nav.${page}`) }).dataset.page = page;
  const why = notice.querySelector("#notice-why");
  why.hidden = !request;
  why.href = `analytics?request=${encodeURIComponent(request)}`;
  notice.hidden = false;
  shown = {};
}

/** The server answers again: whatever has told that it does not is no longer true. */
export function isBack() {
  if (shown?.isAway) dismiss();
}

/** @param {object | null} which by default whatever is shown */
export function dismiss(which = shown) {
  if (which !== shown) return;
  notice.hidden = true;
  shown = null;
}

function refused(error) {
  const { message, status, allowed, requestId } = error;
  const { title, next, ...leads } = told(error);
  const parts = [message];
  if (allowed.length > 0) parts.push(text("error.allowed", { allowed: allowed.slice(0, 12).join(", ") }));
  if (next) parts.push(next);
  const request = status >= 500 || status === 0 ? requestId : ""; // on a socket nothing has a status
  if (request) parts.push(text("error.request", { id: request }));
  return [title, parts.join(" "), { ...leads, request }];
}

function microphone({ reason }) {
  const known = ["NotAllowedError", "NotFoundError", "NotReadableError"].includes(reason);
  return text(known ? `error.microphone.${reason}` : "error.microphone.text");
}
