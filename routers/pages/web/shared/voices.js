/** The voices that speak here: those of engines that are installed, stored recordings of those that clone, and blends. */

import { json } from "./server.js";

/**
 * @param {object[]} engines of GET /engines @param {AbortSignal} signal
 * @returns {Promise<{id: string, name: string, engine: string, languages: string[]}[]>}
 */
export async function offeredVoices(engines, signal) {
  const here = engines.filter(({ kind, state }) => kind === "tts" && state !== "not_installed");
  const names = new Set(here.map(({ name }) => name));
  const voices = (await json("voices", { signal })).filter(({ engine }) => names.has(engine));
  const blending = here.filter(({ abilities }) => abilities.blending);
  if (blending.length === 0) return voices;
  const library = await json("v1/voices?limit=200", { signal });
  const blends = library.voices.filter(({ source }) => source === "blend");
  const offered = blends.flatMap(({ id, name, language }) => blending.map((engine) => ({ id, name, engine: engine.name, languages: language ? [language] : [] })));
  return [...voices, ...offered];
}
