/** The page: what people do goes to the conversation, what the conversation says is shown and played. */

import { Call } from "./call.js";
import { Choices } from "./choices.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { Microphone, RATE } from "./microphone.js";
import { Player } from "./player.js";
import { NEEDS_HTTPS, connectionProblem, keyProblem, microphoneProblem } from "./problems.js";
import { Bars } from "./timing.js";

const OUTPUT_RATE = 24000; // Hz
const DRAW_MS = 50; // between two looks at the levels
const MICROPHONE_FIELDS = ["echoCancellation", "noiseSuppression", "autoGainControl"];
const CONVERSATION_FIELDS = ["language", "tts", "stt", "voice", "reply", "interrupt"];
const STATES = {
  off: "Ready",
  connecting: "Connecting…",
  waiting: "Connection lost, trying again…",
  quiet: "Microphone is off",
  listening: "Listening",
  hearing: "Hearing you",
  thinking: "Thinking",
  speaking: "Speaking",
};
const LINKS = { closed: "Not connected", connecting: "Connecting", open: "Connected", waiting: "Reconnecting" };

const $ = (id) => document.getElementById(id);

const conversation = new Conversation($("log"), $("main"));
const bars = new Bars($("legend"));
const choices = new Choices($("settings"), changed);
const microphone = new Microphone((pcm) => connection.sendAudio(pcm), microphoneEnded);
const player = new Player(OUTPUT_RATE, (generation, seconds) => {
  if (connection.isOpen) connection.send({ type: "played", generation, ms: Math.round(seconds * 1000) });
});
const handlers = {
  wanted: () => ({ query: { rate: RATE, output_rate: OUTPUT_RATE, ...choices.conversation }, key: choices.key }),
  message: (message) => HANDLERS[message.type]?.(message),
  audio: heard,
  stream: (stream) => player.follow(stream),
  status: linkChanged,
  lost: async () => show(await connectionProblem(choices.key)),
};
const transports = { websocket: new Connection(handlers), webrtc: new Call(handlers) };
let connection = transports[choices.transport];

let link = "closed";
let met = false; // whether there was a conversation before
let turn = "listening"; // whose turn it is, as the server says
let hearing = false; // whether the user is speaking
let active = null; // generation of the reply that is prepared or heard
const delays = new Map(); // generation -> ms from the arrival of the first frame to its sound

const HANDLERS = {
  "session.created": ({ resumed, history }) => begin(resumed, history),
  state: ({ state }) => update({ turn: state }),
  speech_start: (message) => {
    update({ hearing: true });
    conversation.speechStart(message);
  },
  speech_end: () => update({ hearing: false }),
  partial: (message) => conversation.partial(message),
  transcript: (message) => {
    linkText(LINKS.open);
    conversation.transcript(message);
  },
  transcript_failed: (message) => conversation.transcriptFailed(message),
  "reply.start": (message) => {
    active = message.generation;
    conversation.replyStart(message);
  },
  "reply.delta": (message) => conversation.replyDelta(message),
  "reply.done": replyDone,
  duck: ({ generation }) => player.duck(generation),
  unduck: ({ generation }) => player.unduck(generation),
  interrupted: (message) => {
    player.drop(message.generation);
    held.set(message.generation, message.heard_ms / 1000);
    conversation.interrupted(message);
  },
  resumed: (message) => {
    player.resume(message.generation, held.get(message.generation) ?? 0);
    conversation.resumed(message);
  },
  turn_metrics: measured,
  lagging: ({ seconds }) => linkText(`${seconds.toFixed(1)} s behind you`),
  error: ({ code, message, fatal }) => {
    if (!(fatal && code === "idle_timeout")) show({ title: "The server says", text: message });
  },
};
const drawn = { at: 0, levels: [0, 0] };
const held = new Map(); // generation -> seconds heard when it was interrupted

function begin(resumed, history) {
  conversation.reset();
  player.reset();
  held.clear();
  delays.clear();
  const goesOn = resumed && history > 0;
  if (goesOn) conversation.note(met ? "Connected again." : "The conversation goes on.");
  else if (met) conversation.note("A new conversation begins here.");
  met = true;
  active = null;
  hide();
  update({ turn: "listening", hearing: false });
}

function heard(generation, sequence, pcm) {
  const seconds = player.play(generation, pcm);
  if (sequence === 0 && seconds >= 0) delays.set(generation, seconds * 1000);
}

function replyDone(message) {
  if (message.status === "cancelled" || message.status === "interrupted") player.drop(message.generation);
  if (message.generation === active) active = null;
  held.delete(message.generation);
  conversation.replyDone(message);
  update({});
}

function measured(message) {
  if (message.generation === 0 || message.first_byte_ms === null) return; // nothing was to be heard
  const delay = delays.get(message.generation);
  delays.delete(message.generation);
  const heard_ms = delay === undefined ? null : message.first_byte_ms + delay;
  conversation.attach(message.generation, bars.bar({ ...message, heard_ms }));
}

function linkChanged(status) {
  link = status;
  $("link").dataset.link = status;
  linkText(LINKS[status]);
  if (status !== "open") player.reset();
  if (status === "closed") closeMicrophone();
  update({ hearing: false });
}

function linkText(text) {
  $("link-text").textContent = text;
}

/** What the page shows follows from these few values. */
function update(values) {
  turn = values.turn ?? turn;
  hearing = values.hearing ?? hearing;
  const state = shownState();
  document.body.dataset.state = state;
  $("state").textContent = STATES[state];
  $("talk").setAttribute("aria-pressed", String(microphone.isOpen));
  $("talk").dataset.microphone = shownMicrophone();
  $("stop").disabled = active === null && turn === "listening";
  $("welcome").hidden = !conversation.isEmpty;
}

function shownState() {
  if (link === "connecting" || link === "waiting") return link;
  if (link === "closed") return "off";
  if (hearing) return "hearing";
  if (turn === "listening") return microphone.isOpen ? "listening" : "quiet";
  return turn;
}

function shownMicrophone() {
  if (microphone.isOpen) return "live";
  return link === "closed" && Microphone.possible ? "ready" : "off";
}

async function toggleMicrophone() {
  if (microphone.isOpen) {
    closeMicrophone();
    if (hearing) connection.send({ type: "commit" });
    update({});
    return;
  }
  if (!Microphone.possible) {
    show(NEEDS_HTTPS);
    return;
  }
  await openMicrophone();
}

async function openMicrophone() {
  try {
    await Promise.all([microphone.open(choices.processing), player.open()]);
    hide();
    transports.webrtc.speak(microphone.track);
    connection.connect();
  } catch (error) {
    microphone.close();
    show(microphoneProblem(error));
  }
  update({});
}

function closeMicrophone() {
  microphone.close();
  transports.webrtc.speak(null);
}

function microphoneEnded() {
  closeMicrophone();
  show({ title: "No microphone", text: "The microphone has gone." });
  update({});
}

async function write(event) {
  event.preventDefault();
  const text = $("text").value.trim();
  if (text === "") return;
  $("text").value = "";
  await player.open();
  if (active !== null) player.drop(active);
  connection.send({ type: "text", text });
  conversation.typed(text);
  update({});
}

function stop() {
  if ($("stop").disabled) return;
  if (active !== null) player.drop(active);
  connection.send({ type: "cancel" });
}

/** Settings take effect at once where the conversation runs. @param {Set<string>} names */
function changed(names) {
  if (names.has("key")) keyChanged();
  if (names.has("transport")) transportChanged();
  if (microphone.isOpen && MICROPHONE_FIELDS.some((name) => names.has(name))) openMicrophone();
  if (connection.isOpen && CONVERSATION_FIELDS.some((name) => names.has(name))) {
    connection.send({ type: "session.update", config: choices.conversation });
  }
}

/** A conversation of another kind begins when somebody speaks or writes. */
function transportChanged() {
  connection.close();
  connection = transports[choices.transport];
}

async function keyChanged() {
  hide();
  const problem = await keyProblem(choices.key);
  if (problem !== null) show(problem);
}

/** Only here is the server asked what there is to choose: one that wants a key would refuse. */
function openSettings() {
  $("settings").showModal();
  choices.load();
}

function show({ title, text, settings = false }) {
  $("notice-title").textContent = title;
  $("notice-text").textContent = text;
  $("notice-settings").hidden = !settings;
  $("notice").hidden = false;
}

function hide() {
  $("notice").hidden = true;
}

/** Meters, and the ring around the microphone; a change of neither is not drawn. @param {number} now ms */
function drawLevels(now) {
  requestAnimationFrame(drawLevels);
  if (now - drawn.at < DRAW_MS) return;
  drawn.at = now;
  const levels = [loudness(microphone.level), loudness(player.level)].map((level) => Math.round(level * 50) / 50);
  if (levels.every((level, index) => level === drawn.levels[index])) return;
  drawn.levels = levels;
  [$("your-level").value, $("reply-level").value] = levels;
  $("talk").style.setProperty("--level", Math.max(...levels));
}

/** 0..1 for RMS from -50 to -10 dB. */
function loudness(rms) {
  return rms > 0 ? Math.min(1, Math.max(0, (20 * Math.log10(rms) + 50) / 40)) : 0;
}

$("talk").addEventListener("click", toggleMicrophone);
$("stop").addEventListener("click", stop);
$("write").addEventListener("submit", write);
$("notice-close").addEventListener("click", hide);
$("open-settings").addEventListener("click", openSettings);
$("notice-settings").addEventListener("click", openSettings);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("settings").open) stop();
});
window.addEventListener("pagehide", () => connection.close());
if (!Microphone.possible) show(NEEDS_HTTPS);
update({});
requestAnimationFrame(drawLevels);
