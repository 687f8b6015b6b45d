/** Why one operation took as long as it did, and what to do about it: names of texts, and the page where it is done. */

import { meaning } from "./findings.js";

/** Where it can be done; what stands in none of the pages has none. */
const PLACES = {
  load: "settings",
  queue: "settings",
  engine: "engines",
  first: "engines",
  length: "jobs",
  reply: "settings",
};
const PLACES_OF_ERRORS = { much: "settings", key: "keys", model: "engines", install: "engines", access: "engines", engine: "engines", reply: "settings" };
/** Where on Settings: the key of a field, or what the keys of several begin with. */
const FIELDS = { load: "engines.preload", loaded: "engines.preload", queue: "engines.options", reply: "reply.", much: "limits." };
/** Causes that have other words where something listens, or where something listens and speaks. */
const OTHERWISE = {
  stt: { engine: "engine.stt", first: "first.stt", length: "length.stt" },
  conversation: { queue: "queue.conversation", engine: "engine.conversation", first: "engine.conversation", length: "engine.conversation" },
};

const VOICES = "/v1/voices";

/** The parts of the time, each with a colour of its own, in the order in which they come. */
export const PARTS = ["received", "input", "load", "queue", "engine", "encode", "held", "other"];

/**
 * @param {object} row an operation of GET /analytics/operations
 * @returns {{why: string, next: string, page: string | null, field: string | null}} `why` and `next` name texts
 */
export function why({ cause, code, type, urgency }) {
  if (cause === "failed") {
    const kind = meaning(code);
    return { why: "failed", next: `means.${kind}`, page: PLACES_OF_ERRORS[kind] ?? null, field: fieldOf(kind) };
  }
  const name = OTHERWISE[type]?.[cause] ?? cause;
  if (urgency === "background" && cause !== "quick") return { why: name, next: "next.background", page: "jobs", field: null };
  return { why: name, next: `next.${name}`, page: PLACES[cause] ?? null, field: fieldOf(cause) };
}

/** The field of Settings for a cause, a finding or a kind of error. @returns {string | null} */
export function fieldOf(name) {
  return FIELDS[name] ?? null;
}

/** What an operation did: the name of a text. Engines that listen check the recordings of voices, too. */
export function did({ type, route }) {
  if (type !== "stt" || !isOfVoice(route)) return `did.${type}`;
  return route === VOICES ? "did.voice" : "did.voice.checked";
}

/** Whether nobody has asked for its words. @param {string | null} route */
export function isOfVoice(route) {
  return route === VOICES || (route ?? "").startsWith(`${VOICES}/`);
}

/** How much of the picture each part takes, 0 to 1, in order: parts of a stream go on at the same time. */
export function shares(parts) {
  const all = parts.reduce((sum, { seconds }) => sum + seconds, 0);
  if (all === 0) return [];
  let start = 0;
  return parts.map(({ name, seconds }) => {
    const part = { name, start, share: seconds / all };
    start += part.share;
    return part;
  });
}

/** An id as it is copied: out of a header, a line of the log or a sentence. @param {string} pasted */
export function requestId(pasted) {
  const ids = pasted.match(/[\w.:-]{1,128}/g) ?? [];
  const isId = (word) => /\d/.test(word) && word.length >= 8;
  return (ids.find(isId) ?? ids.at(-1) ?? "").replace(/[.:]+$/, "");
}
