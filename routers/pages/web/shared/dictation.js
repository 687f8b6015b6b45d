/** Words from the microphone while they are spoken, over WS /ws/stt. */

import { Microphone, RATE } from "../talk/microphone.js";
import { NoMicrophone, withoutMicrophone } from "./notice.js";
import { Refused, Unreachable, connected } from "./server.js";

const UNSENT_BYTES = 160_000; // audio that may wait in the browser
const PROCESSING = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Dictation {
  #told;
  #socket = null;
  #microphone;
  #sure = [];
  #ended = null; // while it is on
  #isWhole = false; // its end was asked for

  /**
   * @param {AbortSignal} signal ends it
   * @param {object} told
   * @param {(sure: string, tail: string) => void} told.text all words so far, and those that may still change
   * @param {(level: number) => void} told.level RMS
   * @param {(error: Error | null) => void} told.end it is over, whoever ended it; the error where nobody wanted that
   */
  constructor(signal, told) {
    this.#told = told;
    this.#microphone = new Microphone((pcm) => this.#send(pcm), () => this.stop());
    signal.addEventListener("abort", () => this.#close());
  }

  get isOn() {
    return this.#ended !== null;
  }

  /** @param {Record<string, string>} query of WS /ws/stt @throws {NoMicrophone} @throws {Refused} @throws {Unreachable} */
  async start(query = {}) {
    if (!Microphone.possible) throw new NoMicrophone("NotFoundError");
    const ended = Promise.withResolvers();
    this.#ended = ended;
    this.#sure = [];
    this.#isWhole = false;
    try {
      await Promise.all([this.#connect(query, ended), this.#microphone.open(PROCESSING).catch(withoutMicrophone)]);
    } catch (error) {
      if (this.#ended === ended) this.#close();
      throw error;
    }
  }

  /** The last words are still told. */
  async stop() {
    const ended = this.#ended;
    this.#isWhole = true;
    this.#microphone.close();
    this.#told.level(0);
    if (this.#socket?.readyState !== WebSocket.OPEN) return this.#close();
    this.#socket.send(JSON.stringify({ type: "end" }));
    await ended.promise;
  }

  async #connect(query, ended) {
    const opened = await connected("ws/stt", { rate: RATE, ...query });
    if (this.#ended !== ended) return opened.close(); // stopped meanwhile
    opened.onmessage = ({ data }) => this.#heard(JSON.parse(data));
    opened.onclose = () => this.#close(this.#isWhole ? null : new Unreachable());
    this.#socket = opened;
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
      this.#close(new Refused(0, { detail: event.message, ...event }));
    }
  }

  #tell(tail) {
    this.#told.text(this.#sure.filter(Boolean).join(" "), tail);
  }

  #close(error = null) {
    this.#microphone.close();
    if (!this.isOn) return;
    const [opened, ended] = [this.#socket, this.#ended];
    this.#socket = this.#ended = null;
    opened?.close();
    ended.resolve();
    this.#told.end(error);
  }
}
