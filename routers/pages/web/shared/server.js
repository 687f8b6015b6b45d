/** The server's public API, asked with the key of whoever uses the page. */

import { keptForGood } from "./kept.js";
import { text } from "./texts.js";

const ROOT = new URL("../../../", import.meta.url); // below whatever prefix the pages are served at
const KEPT = "stts.key";
const OPEN_SECONDS = 10;
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/; // what a subprotocol may consist of

let key = keptForGood.read(KEPT) ?? "";
let isKept = key !== ""; // by this browser, for all its tabs
let taken = key; // the last key that the server has taken; one that this browser has kept was taken once
let refused = ""; // a key that the server does not know: sent again and again it would count as an attack
let askForKey = async () => false;

/**
 * Tells by "left" that the key before is used no more, then by "change" that there is another one, or none. A key that
 * the server never took was mistyped, and belongs to nobody.
 */
export const keyChanges = new EventTarget();

/** Why a page has ended whose key is used no more. */
export const KEY_LEFT = new DOMException("The key was changed.", "AbortError");

/** The server said no, in its own words. */
export class Refused extends Error {
  /** @param {number} status @param {object} problem as `application/problem+json` has it */
  constructor(status, problem) {
    super(problem.detail ?? problem.error?.message ?? text("error.status", { status }));
    this.status = status;
    this.code = problem.code ?? problem.error?.code ?? "";
    this.requestId = problem.request_id ?? "";
    this.allowed = problem.allowed ?? [];
  }
}

/** There was no answer: the server is away, or the network is. */
export class Unreachable extends Error {}

/** @param {string} given @param {boolean} keep in this browser, else for as long as the page is open */
export function useKey(given, keep) {
  const kept = keep && given ? given : null;
  isKept = keptForGood.write(KEPT, kept) && kept !== null;
  become(given);
}

function become(given) {
  const before = key;
  key = given;
  refused = "";
  if (key === "" || (before !== "" && key !== before && before === taken)) keyChanges.dispatchEvent(new Event("left"));
  keyChanges.dispatchEvent(new Event("change"));
}

/**
 * A key that the browser has kept ends in all its tabs when it is forgotten or replaced in one, and a tab without a key
 * takes the one that is kept now. A key that was given to a tab alone stays.
 */
function followOtherTabs() {
  const kept = keptForGood.read(KEPT) ?? "";
  if ((!isKept && key !== "") || kept === key) return;
  isKept = kept !== "";
  become(kept);
}
window.addEventListener("storage", followOtherTabs);
window.addEventListener("pageshow", ({ persisted }) => persisted && followOtherTabs()); // by going back: it has missed that

/** Calls back when whoever had a key is gone: it was forgotten, or another one is in its place. */
export function onKeyLeft(work) {
  keyChanges.addEventListener("left", work);
}

/** @param {() => Promise<boolean>} ask is called where the server wants a key; true: there is another one now */
export function onKeyWanted(ask) {
  askForKey = ask;
}

/** Asks without asking for a key: null where the answer is no. @param {string} path */
export async function quietly(path) {
  try {
    const answer = await once(path, {});
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

/** Whether the server takes work: it is neither away, nor starting or stopping. */
export async function isReady() {
  try {
    const answer = await once("ready", {});
    const { status } = await answer.json();
    return !["starting", "draining"].includes(status);
  } catch {
    return false;
  }
}

export function hasKey() {
  return key !== "";
}

/** To see whether there is another one now. */
export function keyInUse() {
  return key;
}

/** Asks for JSON. @param {string} path @param {RequestInit} options @throws {Refused} */
export async function json(path, options = {}) {
  const answer = await request(path, options);
  return answer.status === 204 ? null : answer.json();
}

/** @param {string} path @param {object} body @param {RequestInit} options @throws {Refused} */
export function send(path, body, options = {}) {
  const headers = { "Content-Type": "application/json" };
  return request(path, { method: "POST", headers, body: JSON.stringify(body), ...options });
}

/** @throws {Refused} @throws {Unreachable} @throws {DOMException} AbortError */
export async function request(path, options = {}) {
  const answer = await once(path, options);
  if (answer.ok) return answer;
  if (answer.status === 401 && (await askForKey())) return request(path, options);
  throw new Refused(answer.status, await problem(answer));
}

/**
 * A socket that is open. Browsers hide why one was refused: then the server is asked who this is, with a key where it
 * wants one, and another key is another try.
 * @param {string} path @param {Record<string, unknown>} query what is null or empty is left out
 * @returns {Promise<WebSocket>} @throws {Refused} @throws {Unreachable}
 */
export async function connected(path, query = {}) {
  const tried = key;
  const opened = socket(path, query);
  const timer = setTimeout(() => opened.close(), OPEN_SECONDS * 1000);
  const isOpen = await new Promise((resolve) => {
    opened.onopen = () => resolve(true);
    opened.onclose = () => resolve(false);
  });
  clearTimeout(timer);
  if (isOpen) {
    taken = tried;
    return opened;
  }
  const me = await json("me");
  if (key !== tried) return connected(path, query);
  if (me.role === "read") throw new Refused(403, { detail: text("error.reads_only") });
  throw new Unreachable();
}

/** A socket on its way: `connected`, for those that have their own way to wait and to try again. */
export function socket(path, query) {
  const url = new URL(path, ROOT);
  url.protocol = url.protocol.replace("http", "ws");
  for (const [name, value] of Object.entries(query)) if (value !== null && value !== "") url.searchParams.set(name, value);
  const opened = new WebSocket(url, protocolsOf(key === refused ? "" : key));
  opened.binaryType = "arraybuffer";
  endWithKey(opened);
  return opened;
}

/** What was opened with a key ends with it: nobody goes on as who they were before. @param {WebSocket} opened */
function endWithKey(opened) {
  const end = new AbortController();
  keyChanges.addEventListener("change", () => opened.close(), { signal: end.signal });
  opened.addEventListener("close", () => end.abort());
}

/** The address of a path, for snippets and links. */
export function address(path) {
  return new URL(path, ROOT).href;
}

async function once(path, { headers = {}, ...options }) {
  const tried = key;
  const isOpen = path.startsWith("app/") || path === "ready"; // there for everybody
  const mine = tried && tried !== refused && !isOpen ? { "X-API-Key": encoded(tried) } : {};
  try {
    const answer = await fetch(new URL(path, ROOT), { cache: "no-store", ...options, headers: { ...mine, ...headers } });
    if (tried === key && answer.status === 401) refused = tried;
    else if (tried === key && tried !== refused && !isOpen) taken = tried;
    return answer;
  } catch (error) {
    throw error instanceof TypeError ? new Unreachable() : error; // it is all that fetch tells of a network
  }
}

/** Headers carry bytes: any text goes as its UTF-8. */
function encoded(text) {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** Subprotocols that carry the key: browsers give sockets no headers. @returns {string[]} */
function protocolsOf(key) {
  if (key === "") return [];
  if (TOKEN.test(key)) return ["realtime", `openai-insecure-api-key.${key}`];
  const plain = btoa(encoded(key)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return ["realtime", `stts-api-key-base64url.${plain}`];
}

async function problem(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}
