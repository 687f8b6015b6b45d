/** Sends a recording to be written down, and tells its segments as they are found. */

import { eventsOf } from "../shared/events.js";
import { Refused, json, request } from "../shared/server.js";

/**
 * @param {File} file @param {{engine: string, language: string, speakers: boolean}} wanted @param {AbortSignal} signal
 * @param {(segment: {start: number, end: number, text: string}) => void} found with speakers they come at once, at the end
 * @returns {Promise<{segments: object[], duration: number, language: string, warnings: string[]}>} @throws {Refused}
 */
export async function heard(file, wanted, signal, found) {
  return wanted.speakers ? diarised(file, wanted, signal) : streamed(file, wanted, signal, found);
}

async function streamed(file, { engine, language }, signal, found) {
  const fields = { stream: "true", language };
  if (engine !== "auto") fields.engine = engine;
  const answer = await request("stt", { method: "POST", body: formOf(fields, file), signal });
  const whole = { segments: [], duration: 0, language: "", warnings: [] };
  for await (const event of eventsOf(answer)) {
    if (event.type === "segment") {
      whole.segments.push(event);
      found(event);
    } else if (event.type === "warning") whole.warnings.push(event.message);
    else if (event.type === "error") throw new Refused(event.error.status ?? 0, event.error);
    else if (event.type === "done") return Object.assign(whole, { duration: event.duration, language: event.language });
  }
  throw new Refused(0, {}); // it ended before its end
}

/** Who says what is told by the route of OpenAI's clients. */
async function diarised(file, { engine, language }, signal) {
  const model = engine === "auto" ? "gpt-4o-transcribe-diarize" : engine;
  const fields = { model, response_format: "diarized_json", chunking_strategy: "auto", language };
  return json("v1/audio/transcriptions", { method: "POST", body: formOf(fields, file), signal });
}

function formOf(fields, file) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value) body.append(name, value);
  body.append("file", file);
  return body;
}
