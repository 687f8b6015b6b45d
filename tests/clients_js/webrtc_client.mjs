// OpenAI's own client in a browser, by WebRTC. A page imports it; recordings are spoken when they are asked for.
import { OpenAILiveWebRTC } from "/openai/live/webrtc.mjs";
import { OpenAIRealtimeWebRTC } from "/openai/realtime/webrtc.mjs";

const STEP_MS = 20;
const LOUD = 0.02;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition) {
  while (!condition()) await sleep(STEP_MS);
}

/** A connection, what came by it, and both sides of its sound. */
async function opened(Client, exchangeSdp) {
  const context = new AudioContext();
  const microphone = context.createMediaStreamDestination();
  const meter = new AnalyserNode(context, { fftSize: 1024 });
  const sound = { ms: 0 };
  const connection = new Client();
  connection.peerConnection.addTrack(microphone.stream.getAudioTracks()[0], microphone.stream);
  connection.peerConnection.ontrack = ({ track }) => {
    const stream = new MediaStream([track]);
    Object.assign(new Audio(), { muted: true, srcObject: stream }).play();
    context.createMediaStreamSource(stream).connect(meter);
  };
  const window = new Float32Array(meter.fftSize);
  setInterval(() => {
    meter.getFloatTimeDomainData(window);
    if (Math.max(...window.map(Math.abs)) >= LOUD) sound.ms += STEP_MS;
  }, STEP_MS);
  await connection.connect({ exchangeSdp });
  const say = async (name) => {
    const file = await (await fetch(`/speech/${name}`)).arrayBuffer();
    const source = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(file) });
    source.connect(microphone);
    source.start();
  };
  return { connection, sound, say };
}

/** Three turns of GPT-Live, the second answer of which is spoken over. */
export async function live(answers) {
  const seen = { turns: [], said: "", closed: null, errors: [], id: "" };
  let words = "";
  const { connection, sound, say } = await opened(OpenAILiveWebRTC, async (sdp) => {
    const session = { model: "gpt-live-1", delegation: { type: "client" } };
    const made = await fetch("/v1/live/sessions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ session, transport: { type: "webrtc", sdp } }),
    });
    const body = await made.json();
    seen.id = body.session.id;
    return body.transport.sdp;
  });
  connection.on("error", ({ error }) => seen.errors.push(error.message));
  connection.on("session.closed", ({ reason }) => (seen.closed = reason));
  connection.on("session.input_transcript.delta", ({ delta }) => (words += delta));
  connection.on("session.output_transcript.delta", ({ delta }) => (seen.said += delta));
  connection.on("session.delegation.created", ({ delegation }) => {
    const content = answers[seen.turns.push(words.trim()) - 1];
    [words, sound.ms] = ["", 0];
    connection.send({ type: "session.commentary.append", content, delegation_id: delegation.id });
  });
  await say("weather.flac");
  await until(() => seen.said.endsWith(answers[0]));
  await say("kitchen.flac");
  await until(() => seen.turns.length === 2 && sound.ms > 500);
  await say("weather.flac");
  await until(() => seen.turns.length === 3);
  await until(() => seen.said.endsWith(answers[2]));
  connection.send({ type: "session.close" });
  await until(() => seen.closed);
  return seen;
}

/** The same of Realtime, whose replies the server makes. */
export async function realtime() {
  const seen = { user: [], statuses: [], errors: [] };
  const { connection, sound, say } = await opened(OpenAIRealtimeWebRTC, async (sdp) => {
    const headers = { "Content-Type": "application/sdp" };
    const answer = await fetch("/v1/realtime/calls?model=gpt-realtime", { method: "POST", headers, body: sdp });
    return answer.text();
  });
  let quiet = true;
  connection.on("error", ({ error }) => seen.errors.push(error.message));
  connection.on("conversation.item.input_audio_transcription.completed", ({ transcript }) => seen.user.push(transcript));
  connection.on("response.created", () => (sound.ms = 0));
  connection.on("output_audio_buffer.started", () => (quiet = false));
  connection.on("output_audio_buffer.stopped", () => (quiet = true));
  connection.on("output_audio_buffer.cleared", () => (quiet = true));
  connection.on("response.done", ({ response }) => seen.statuses.push(response.status));
  const input = { transcription: { model: "whisper-1" } };
  connection.send({ type: "session.update", session: { type: "realtime", audio: { input } } });
  await say("weather.flac");
  await until(() => seen.statuses.length === 1 && quiet);
  await say("kitchen.flac");
  await until(() => seen.user.length === 2 && sound.ms > 500);
  await say("weather.flac");
  await until(() => seen.user.length === 3);
  await until(() => seen.statuses.length === 3 && quiet);
  connection.close();
  return seen;
}
