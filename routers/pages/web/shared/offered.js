/** What speaks and listens here, as pages offer it: of engines that are installed. */

import { json } from "./server.js";

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
  return engines.filter(({ kind, state }) => kind === wanted && state !== "not_installed");
}
