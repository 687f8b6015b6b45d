/** Words from the microphone while they are spoken, over WS /ws/stt. */

import { Microphone, RATE } from "../talk/microphone.js";
import { Refused, socket } from "./server.js";

const UNSENT_BYTES = 160_000; // audio that may wait in the browser
const PROCESSING = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Dictation {
  #told;
  #socket = null;
  #microphone;
  #sure = [];
  #ended = null;

  /**
   * @param {AbortSignal} signal ends it
   * @param {object} told
   * @param {(sure: string, tail: string) => void} told.text all words so far, and those that may still change
   * @param {(level: number) => void} told.level RMS
   * @param {() => void} told.end it is over, whoever ended it
   */
  constructor(signal, told) {
    this.#told = told;
    this.#microphone = new Microphone((pcm) => this.#send(pcm), () => this.stop());
    signal.addEventListener("abort", () => this.#close());
  }

  get isOn() {
    return this.#socket !== null;
  }

  /** @param {Record<string, string>} query of WS /ws/stt @throws {DOMException} without a microphone @throws {TypeError} */
  async start(query = {}) {
    if (!Microphone.possible) throw new DOMException("", "NotFoundError");
    const opened = socket("ws/stt", { rate: RATE, ...query });
    this.#socket = opened;
    this.#sure = [];
    const ended = Promise.withResolvers();
    this.#ended = ended;
    opened.onmessage = ({ data }) => this.#heard(JSON.parse(data));
    opened.onclose = () => this.#close();
    await Promise.race([this.#microphone.open(PROCESSING), ended.promise]);
    if (!this.isOn) throw new TypeError("closed");
  }

  /** The last words are still told. */
  async stop() {
    this.#microphone.close();
    this.#told.level(0);
    if (this.#socket?.readyState !== WebSocket.OPEN) return this.#close();
    this.#socket.send(JSON.stringify({ type: "end" }));
    await this.#ended.promise;
  }

  #send(pcm) {
    this.#told.level(this.#microphone.level);
    if (this.#socket?.readyState === WebSocket.OPEN && this.#socket.bufferedAmount < UNSENT_BYTES) this.#socket.send(pcm);
  }

  #heard(event) {
    if (event.type === "partial") {
      this.#sure[event.turn] = (this.#sure[event.turn] ?? "") + event.stable_delta;
      this.#tell(event.tail);
    } else if (event.type === "final") {
      this.#sure[event.turn] = event.text;
      this.#tell("");
    } else if (event.type === "error" && event.fatal) {
      this.#ended.reject(new Refused(0, { detail: event.message, ...event }));
    }
  }

  #tell(tail) {
    this.#told.text(this.#sure.filter(Boolean).join(" "), tail);
  }

  #close() {
    this.#microphone.close();
    if (this.#socket === null) return;
    this.#socket.close();
    this.#socket = null;
    this.#ended.resolve();
    this.#told.end();
  }
}
