// Text, spoken while it is being written: node speak.mjs URL out.wav some words
import { writeFile } from "node:fs/promises";
import WebSocket from "ws";

const [url, path, ...words] = process.argv.slice(2);
const socket = new WebSocket(`${url}/ws/tts`);
const audio = [];

function send(message) {
  socket.send(JSON.stringify(message));
}

socket.on("open", () => {
  send({ type: "config", format: "wav" });
  for (const word of words) send({ type: "text", text: `${word} ` }); // as a language model would write them
  send({ type: "close" });
});

socket.on("message", (data, isBinary) => {
  if (isBinary) {
    audio.push(data); // play it here
    return;
  }
  const event = JSON.parse(data);
  if (event.type === "piece") console.log("speaking:", event.text);
  if (event.type === "audio.done") console.log(`${event.seconds.toFixed(1)} s`);
});

socket.on("close", () => writeFile(path, Buffer.concat(audio)));
