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
  #tail = "";
  #turns = []; // each with its times, and its words once they are final
  #seconds = 0; // that were sent
  #ended = null; // while it is on
  #isWhole = false; // its end was asked for

  /**
   * @param {AbortSignal} signal ends it
   * @param {object} told
   * @param {(sure: string, tail: string) => void} told.text all words so far, and those that may still change
   * @param {(level: number) => void} told.level RMS
   * @param {(pcm: ArrayBuffer) => void} [told.audio] what was sent, s16le at `RATE`: times count from its start
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

  /** What was said since the start, by turns; also what was cut off. @returns {{start: number, end: number, text: string}[]} times in seconds */
  get segments() {
    const ended = (turn) => this.#turns[turn].end ?? this.#seconds;
    const words = (turn) => this.#turns[turn].text ?? [this.#sure[turn] ?? "", turn === this.#turns.length - 1 ? this.#tail : ""].join("");
    const said = [...this.#turns.keys()].filter((turn) => this.#turns[turn]);
    return said.map((turn) => ({ start: this.#turns[turn].start, end: ended(turn), text: words(turn).trim() })).filter(({ text }) => text);
  }

  /** @param {Record<string, string>} query of WS /ws/stt @throws {NoMicrophone} @throws {Refused} @throws {Unreachable} */
  async start(query = {}) {
    if (!Microphone.possible) throw new NoMicrophone("NotFoundError");
    const ended = Promise.withResolvers();
    this.#ended = ended;
    this.#sure = [];
    this.#tail = "";
    this.#turns = [];
    this.#seconds = 0;
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
    if (this.#isWhole) return ended?.promise; // it is on its way
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
    if (this.#socket?.readyState !== WebSocket.OPEN || this.#socket.bufferedAmount >= UNSENT_BYTES) return;
    this.#socket.send(pcm);
    this.#seconds += pcm.byteLength / 2 / RATE;
    this.#told.audio?.(pcm);
  }

  #heard(event) {
    if (event.type === "speech_start") {
      this.#turns[event.turn] = { start: event.at_ms / 1000 };
    } else if (event.type === "partial") {
      this.#sure[event.turn] = (this.#sure[event.turn] ?? "") + event.stable_delta;
      this.#tell(event.tail);
    } else if (event.type === "final") {
      this.#sure[event.turn] = event.text;
      this.#turns[event.turn] = { start: event.start_ms / 1000, end: event.end_ms / 1000, text: event.text };
      this.#tell("");
    } else if (event.type === "error" && event.fatal) {
      this.#close(new Refused(0, { detail: event.message, ...event }));
    }
  }

  #tell(tail) {
    this.#tail = tail;
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
