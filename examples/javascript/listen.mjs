// A recording, transcribed as it arrives: node listen.mjs [ADDRESS] speech.wav
import { commandLine, fail, open } from "./server.mjs";
import { readWav } from "./wav.mjs";

const [address, path] = commandLine("listen.mjs [ADDRESS] speech.wav", 1);
const { rate, pcm } = await readWav(path);
const socket = open(address, `/ws/stt?rate=${rate}`);

socket.on("open", () => {
  for (let at = 0; at < pcm.length; at += 8192) socket.send(pcm.subarray(at, at + 8192));
  socket.send(JSON.stringify({ type: "end" }));
});

socket.on("message", (data) => {
  const event = JSON.parse(data);
  if (event.type === "error") fail(`failed: ${event.message}`);
  if (event.type === "partial") console.log("...", event.stable_delta + event.tail);
  if (event.type === "final") console.log(`${(event.start_ms / 1000).toFixed(1)} s:`, event.text);
});
