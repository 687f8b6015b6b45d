/** What the microphone heard, kept while it is written down: to hear it again, and to tell apart who spoke. */

import { wave } from "../shared/wave.js";

const JOINED_BYTES = 2 ** 20; // browsers may put what is joined on the disk
const MOST_SECONDS = 2 * 3600;

export class Tape {
  #rate;
  #joined = []; // Blobs
  #parts = []; // behind them
  #partBytes = 0;
  #bytes = 0;

  /** @param {number} rate Hz */
  constructor(rate) {
    this.#rate = rate;
  }

  get seconds() {
    return this.#bytes / 2 / this.#rate;
  }

  /** Whether there was more than is kept. */
  get isFull() {
    return this.seconds >= MOST_SECONDS;
  }

  /** @param {ArrayBuffer} pcm s16le */
  add(pcm) {
    if (this.isFull) return;
    this.#parts.push(pcm);
    this.#partBytes += pcm.byteLength;
    this.#bytes += pcm.byteLength;
    if (this.#partBytes >= JOINED_BYTES) this.#join();
  }

  /** @returns {File} */
  file(name) {
    this.#join();
    return new File([wave(this.#joined, this.#rate)], name, { type: "audio/wav" });
  }

  #join() {
    this.#joined.push(new Blob(this.#parts));
    this.#parts = [];
    this.#partBytes = 0;
  }
}
