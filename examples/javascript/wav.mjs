// 16-bit mono WAV files, as far as the examples need them.
import { readFile, writeFile } from "node:fs/promises";

/** @returns {Promise<{rate: number, pcm: Buffer}>} */
export async function readWav(path) {
  const file = await readFile(path);
  let at = 12;
  let rate = 0;
  while (file.toString("latin1", at, at + 4) !== "data") {
    if (file.toString("latin1", at, at + 4) === "fmt ") rate = file.readUInt32LE(at + 12);
    at += 8 + file.readUInt32LE(at + 4);
  }
  return { rate, pcm: file.subarray(at + 8) };
}

export async function writeWav(path, rate, pcm) {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + pcm.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20); // PCM
  head.writeUInt16LE(1, 22); // channel
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(2 * rate, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(pcm.length, 40);
  await writeFile(path, Buffer.concat([head, pcm]));
}
