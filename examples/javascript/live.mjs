// GPT-Live, where this program does the thinking: node live.mjs [ADDRESS] speech.wav reply.wav
// It says back what it heard. A real one asks a model, a database or a person, and may append several times.
import { commandLine, fail, open } from "./server.mjs";
import { readWav, writeWav } from "./wav.mjs";

const STEP_MS = 100; // of audio in a message
const [address, path, replyPath] = commandLine("live.mjs [ADDRESS] speech.wav reply.wav", 2);
const { rate, pcm } = await readWav(path); // 16,000 or 24,000 Hz
const socket = open(address, "/v1/live/sessions");
const audio = [];
let microphone;
let heard = "";
let spoken = "";
let wanted = "";

function send(event) {
  socket.send(JSON.stringify(event));
}

/** The recording at the pace of a microphone, and silence behind it: the session goes on while both last. */
function speak() {
  const size = (2 * rate * STEP_MS) / 1000;
  let at = 0;
  return setInterval(() => {
    const piece = at < pcm.length ? pcm.subarray(at, at + size) : Buffer.alloc(size);
    send({ type: "session.input_audio.append", audio: piece.toString("base64") });
    at += size;
  }, STEP_MS);
}

const words = (text) => text.trim().split(/\s+/).length;
const handlers = {
  "session.started": () => (microphone = speak()),
  "session.input_transcript.delta": ({ delta }) => (heard += delta),
  "session.delegation.created": ({ delegation }) => {
    console.log("you:", heard.trim());
    [wanted, heard] = [heard.trim(), ""];
    send({ type: "session.commentary.append", content: wanted, delegation_id: delegation.id });
  },
  "session.output_transcript.delta": ({ delta }) => {
    spoken += delta;
    if (words(spoken) >= words(wanted)) send({ type: "session.close" }); // what was begun is finished
  },
  "session.output_audio.delta": ({ delta }) => audio.push(Buffer.from(delta, "base64")), // silence between replies too
  "session.closed": () => console.log("reply:", spoken.trim()),
  error: ({ error }) => fail(`failed: ${error.message}`),
};

socket.on("open", () => {
  send({ type: "session.start", session: { model: "gpt-live-1", audio: { format: { type: "audio/pcm", rate } } } });
});
socket.on("message", (data) => {
  const event = JSON.parse(data);
  handlers[event.type]?.(event);
});
socket.on("close", () => {
  clearInterval(microphone);
  writeWav(replyPath, rate, Buffer.concat(audio));
});
