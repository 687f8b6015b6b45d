/** WAV files of samples. */

/** @param {(Int16Array | Blob)[]} pcm mono, s16le @param {number} rate Hz @returns {Blob} */
export function wave(pcm, rate) {
  const bytes = pcm.reduce((sum, part) => sum + (part.byteLength ?? part.size), 0);
  const head = new DataView(new ArrayBuffer(44));
  const words = [[0, "RIFF"], [8, "WAVE"], [12, "fmt "], [36, "data"]];
  for (const [at, word] of words) [...word].forEach((letter, index) => head.setUint8(at + index, letter.charCodeAt(0)));
  const numbers = [[4, 36 + bytes], [16, 16], [24, rate], [28, rate * 2], [40, bytes]];
  for (const [at, number] of numbers) head.setUint32(at, number, true);
  for (const [at, number] of [[20, 1], [22, 1], [32, 2], [34, 16]]) head.setUint16(at, number, true);
  return new Blob([head, ...pcm], { type: "audio/wav" });
}
