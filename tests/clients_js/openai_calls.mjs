// OpenAI's own client on its calls: node openai_calls.mjs URL SPEECH.wav prints what came, as JSON.
import { createReadStream } from "node:fs";

import OpenAI, { APIError } from "openai";

const [baseURL, path] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "any", maxRetries: 0 });
const file = () => createReadStream(path);
const { audio } = client;

const asked = { model: "tts-1", voice: "alloy", input: "Good morning.", response_format: "wav" };
const speech = Buffer.from(await (await audio.speech.create(asked)).arrayBuffer());
const heard = await audio.transcriptions.create({ model: "whisper-1", file: file() });
const words = await audio.transcriptions.create({ model: "whisper-1", file: file(), response_format: "verbose_json" });
const stream = await audio.transcriptions.create({ model: "gpt-4o-transcribe", file: file(), stream: true });
const events = [];
for await (const event of stream) events.push(event);

const consent = await audio.voiceConsents.create({ name: "Anna", language: "en", recording: file() });
const listed = [];
for await (const each of audio.voiceConsents.list({ limit: 1 })) listed.push(each.id);
const removed = await audio.voiceConsents.delete(consent.id);

const models = [];
for await (const model of client.models.list()) models.push(model.id);
const check = await client.contentProvenanceChecks.create({ file: file() });
const secret = await client.realtime.clientSecrets.create({ session: { type: "realtime", model: "gpt-realtime" } });
const refused = await audio.speech
  .create({ model: "nosuch", voice: "alloy", input: "Hello." })
  .catch((error) => (error instanceof APIError ? [error.status, error.code, error.param] : String(error)));

console.log(
  JSON.stringify({
    speech: speech.toString("latin1", 0, 4),
    heard: heard.text,
    segments: words.segments.length,
    streamed: events.at(-1).text,
    deltas: events.map(({ delta }) => delta ?? "").join(""),
    consent: [consent.id, listed.includes(consent.id), removed.deleted],
    models,
    check: [check.object, check.results],
    secret: secret.value,
    refused,
  }),
);
