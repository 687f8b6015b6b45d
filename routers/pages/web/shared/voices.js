/** The voices that speak here: those of engines that can, stored recordings of those that clone, and blends. */

import { isHere } from "./offered.js";
import { json } from "./server.js";

/**
 * @param {object[]} engines of GET /engines @param {AbortSignal} signal
 * @returns {Promise<{id: string, name: string, engine: string, languages: string[]}[]>}
 */
export async function offeredVoices(engines, signal) {
  const names = new Set(engines.filter((engine) => engine.kind === "tts" && isHere(engine)).map(({ name }) => name));
  return (await json("voices", { signal })).filter(({ engine }) => names.has(engine));
}
