// A microphone for scripts: recordings as s16le at 24 kHz, as they are spoken.
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const MESSAGE_MS = 40;
const MESSAGE_BYTES = 1920;
const LOUD = 60; // speech is far above it, of 32,768

/** Sends a recording, and silence after it for as long as nothing has come of it. */
export async function speak(file, send, done) {
  const speech = await readFile(file);
  const silence = Buffer.alloc(MESSAGE_BYTES);
  const start = performance.now();
  for (let at = 0; !done(); at += MESSAGE_BYTES) {
    send(at < speech.length ? speech.subarray(at, at + MESSAGE_BYTES) : silence);
    await sleep(Math.max(0, start + (at / MESSAGE_BYTES) * MESSAGE_MS - performance.now()));
  }
}

/** True if speech sounds in this audio. */
export function loud(audio) {
  for (let at = 0; at + 1 < audio.length; at += 2) if (Math.abs(audio.readInt16LE(at)) > LOUD) return true;
  return false;
}
