// One turn of a conversation: node converse.mjs [ADDRESS] speech.wav reply.wav
import { commandLine, fail, open } from "./server.mjs";
import { readWav, writeWav } from "./wav.mjs";

const OUTPUT_RATE = 24000;
const HEADER_BYTES = 8; // generation and sequence, 32-bit little-endian
const [address, path, replyPath] = commandLine("converse.mjs [ADDRESS] speech.wav reply.wav", 2);
const { rate, pcm } = await readWav(path);
const socket = open(address, `/ws/conversation/v2?rate=${rate}&output_rate=${OUTPUT_RATE}`);
const audio = [];

/** In the time that it takes to say it, and silence after it: that is how a turn ends. */
function speak() {
  const size = 2 * Math.round(rate / 25);
  let at = 0;
  return setInterval(() => {
    socket.send(at < pcm.length ? pcm.subarray(at, at + size) : Buffer.alloc(size));
    at += size;
  }, 40);
}

let speaking;
socket.on("open", () => (speaking = speak()));
socket.on("message", (data, isBinary) => {
  if (isBinary) {
    audio.push(data.subarray(HEADER_BYTES)); // play it here; drop what is not played when `interrupted` comes
    return;
  }
  const event = JSON.parse(data);
  if (event.type === "error") fail(`failed: ${event.message}`);
  if (event.error) fail(`failed: ${event.error.message}`); // of the transcript, or of the reply
  if (event.type === "transcript") console.log("you:", event.text);
  if (event.type === "reply.done") {
    console.log("reply:", event.text);
    clearInterval(speaking);
    socket.close();
  }
});
socket.on("close", () => writeWav(replyPath, OUTPUT_RATE, Buffer.concat(audio)));
