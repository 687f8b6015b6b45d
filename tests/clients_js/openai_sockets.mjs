// OpenAI's own client on its sockets: node openai_sockets.mjs SCENARIO URL [FILE.pcm...] prints what came, as JSON.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { SidebandWS } from "openai/resources/live/sideband/ws";
import { LiveWS } from "openai/resources/live/ws";

import { loud, speak } from "./microphone.mjs";

const HALF_A_SECOND = 24_000; // bytes
const [scenario, baseURL, ...files] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: "any", maxRetries: 0 });
const base64 = (part) => part.toString("base64");

async function until(condition) {
  while (!condition()) await sleep(20);
}

/** A Live session that answers its turns with `answers`, and what is seen of it. */
function live(answers, options = {}) {
  const session = { model: "gpt-live-1", delegation: { type: "client" } };
  const seen = { started: [], turns: [], said: "", words: "", sound: 0, closed: null, errors: [], infos: [] };
  const socket = new LiveWS(client, options);
  socket.on("error", (error) => seen.errors.push(error.message));
  socket.on("info", ({ info }) => seen.infos.push(info));
  socket.on("session.started", (event) => seen.started.push(event.session.id));
  socket.on("session.input_transcript.delta", ({ delta }) => (seen.words += delta));
  socket.on("session.output_transcript.delta", ({ delta }) => (seen.said += delta));
  socket.on("session.output_audio.delta", ({ delta }) => {
    const audio = Buffer.from(delta, "base64");
    if (loud(audio)) seen.sound += audio.length;
  });
  socket.on("session.delegation.created", ({ delegation }) => {
    const content = answers[seen.turns.push(seen.words.trim()) - 1];
    [seen.words, seen.sound] = ["", 0];
    if (content) socket.send({ type: "session.commentary.append", content, delegation_id: delegation.id });
  });
  socket.on("session.closed", ({ reason }) => (seen.closed = reason));
  socket.send({ type: "session.start", session });
  const say = (file, done) =>
    speak(file, (part) => socket.send({ type: "session.input_audio.append", audio: base64(part) }), done);
  return { socket, seen, say };
}

async function ended(socket, seen) {
  await until(() => seen.closed);
  if (socket.socket.readyState < 3) await new Promise((resolve) => socket.on("close", resolve));
}

/** A Realtime session by TLS, which is the only way that the client takes. */
async function realtime() {
  const socket = new OpenAIRealtimeWS({ model: "gpt-realtime" }, client);
  const seen = { user: [], replies: [], statuses: [], sound: 0, errors: [] };
  socket.on("error", (error) => seen.errors.push(error.message));
  socket.on("conversation.item.input_audio_transcription.completed", ({ transcript }) => seen.user.push(transcript));
  socket.on("response.created", () => (seen.sound = 0));
  socket.on("response.output_audio.delta", ({ delta }) => (seen.sound += Buffer.from(delta, "base64").length));
  socket.on("response.output_audio_transcript.done", ({ transcript }) => seen.replies.push(transcript));
  socket.on("response.done", ({ response }) => seen.statuses.push(response.status));
  await once(socket.socket, "open");
  const transcription = { model: "whisper-1" };
  socket.send({ type: "session.update", session: { type: "realtime", audio: { input: { transcription } } } });
  const say = (file, done) =>
    speak(file, (part) => socket.send({ type: "input_audio_buffer.append", audio: base64(part) }), done);
  return { socket, seen, say };
}

const SCENARIOS = {
  async live([first, second]) {
    const answers = JSON.parse(process.env.ANSWERS);
    const { socket, seen, say } = live(answers);
    await say(first, () => seen.said.endsWith(answers[0]));
    await say(second, () => seen.turns.length === 2 && seen.sound > HALF_A_SECOND);
    await say(first, () => seen.said.endsWith(answers[2]));
    socket.send({ type: "session.close" });
    await ended(socket, seen);
    return seen;
  },
  async reconnect() {
    const codes = [];
    const reconnect = { initialDelay: 10, onReconnecting: ({ closeCode }) => void codes.push(closeCode) };
    const { socket, seen } = live([], { reconnect });
    socket.on("reconnected", () => socket.send({ type: "session.start", session: { model: "gpt-live-1" } }));
    await until(() => seen.started.length === 1);
    socket.socket.terminate();
    await until(() => seen.started.length === 2);
    socket.close();
    return { ...seen, codes };
  },
  async sideband() {
    const { socket, seen } = live([]);
    await until(() => seen.started.length === 1);
    const side = new SidebandWS(client, { session_id: seen.started[0] });
    const events = [];
    side.on("error", (error) => seen.errors.push(error.message));
    side.on("event", (event) => events.push(event));
    side.send({ type: "session.commentary.append", content: "Good morning.", delegation_id: null });
    await until(() => seen.said.includes("morning") && events.some((event) => event.type.endsWith("output_audio.delta")));
    await client.live.sessions.hangup(seen.started[0]);
    await ended(socket, seen);
    return { ...seen, side: [...new Set(events.map((event) => event.type))], id: events[0].session.id };
  },
  async realtime([first, second]) {
    const { socket, seen, say } = await realtime();
    await say(first, () => seen.statuses.length === 1);
    await say(second, () => seen.user.length === 2 && seen.sound > HALF_A_SECOND);
    await say(first, () => seen.statuses.length === 3);
    socket.close();
    return seen;
  },
};

console.log(JSON.stringify(await SCENARIOS[scenario](files)));
process.exit(0);
