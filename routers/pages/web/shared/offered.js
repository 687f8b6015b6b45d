/** What speaks and listens here, as pages offer it: of engines that are installed and have their model. */

import { json } from "./server.js";
import { bytes, text } from "./texts.js";

const LACKING = ["not_installed", "needs_model"];

/** @param {{state: string}} engine of GET /engines @returns {boolean} false: something of it has to come first */
export function isHere({ state }) {
  return !LACKING.includes(state);
}

/** The state in words: what is missing is told with the size of what comes. */
export function stateOf({ state, needs, fetches }) {
  if (needs) return text("state.needs_model.size", { size: bytes(needs.bytes) });
  return text(state === "cold" && fetches ? "state.cold.fetches" : `state.${state}`);
}

/** @returns {Promise<{engines: object[], voices: object[]}>} those that speak, and their voices */
export async function offeredSpeech(signal) {
  const [engines, voices] = await Promise.all([installed("tts", signal), json("voices", { signal })]);
  const names = new Set(engines.map(({ name }) => name));
  return { engines, voices: voices.filter(({ engine }) => names.has(engine)) };
}

/** @returns {Promise<string[]>} primary tags of the languages that are understood, sorted */
export async function heardLanguages(signal) {
  const engines = await installed("stt", signal);
  return [...new Set(engines.flatMap(({ languages }) => languages.map((tag) => tag.split("-")[0])))].sort();
}

async function installed(wanted, signal) {
  const engines = await json("engines", { signal });
  return engines.filter((engine) => engine.kind === wanted && isHere(engine));
}
