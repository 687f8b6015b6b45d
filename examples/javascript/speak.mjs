// Text, spoken while it is being written: node speak.mjs [ADDRESS] out.wav some words
import { commandLine, fail, open } from "./server.mjs";
import { writeWav } from "./wav.mjs";

const [address, path, ...words] = commandLine("speak.mjs [ADDRESS] out.wav some words", 2);
const socket = open(address, "/ws/tts");
const audio = [];
let rate = 24000;

function send(message) {
  socket.send(JSON.stringify(message));
}

socket.on("open", () => {
  for (const word of words) send({ type: "text", text: `${word} ` }); // as a language model would write them
  send({ type: "close" });
});

socket.on("message", (data, isBinary) => {
  if (isBinary) {
    audio.push(data); // s16le, mono: play it here
    return;
  }
  const event = JSON.parse(data);
  if (event.type === "error") fail(`failed: ${event.message}`);
  if (event.type === "audio.start") rate = event.sample_rate;
  if (event.type === "piece") console.log("speaking:", event.text);
  if (event.type === "audio.done") console.log(`${event.seconds.toFixed(1)} s`);
});

socket.on("close", () => writeWav(path, rate, Buffer.concat(audio)));
