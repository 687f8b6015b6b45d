/** Speaks over WS /ws/tts and plays while it arrives. One socket serves all that a page says. */

import { Player } from "../talk/player.js";
import { Refused, Unreachable, connected } from "./server.js";

const RATE = 24000;

export class Speech {
  static RATE = RATE; // Hz, of what is played
  #socket = null;
  #opened = null;
  #player = new Player(RATE, (generation, seconds) => this.#played(generation, seconds));
  #generation = 0;
  #current = null;
  #signal;

  /** @param {AbortSignal} signal ends everything */
  constructor(signal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#close());
  }

  get isSpeaking() {
    return this.#current !== null;
  }

  /** Seconds of the utterance that were heard so far. */
  get position() {
    return this.#player.position;
  }

  /** Connects ahead, so that the first word needs no handshake. */
  prepare() {
    this.#connected().catch(() => {}); // whoever speaks is told
  }

  /**
   * Resolves when all of it was heard or somebody has stopped it.
   * @param {{text: string, [parameter: string]: unknown}} wanted fields of POST /tts
   * @param {object} told
   * @param {(start: {engine: string, voice: string, warnings?: string[]}) => void} [told.begin]
   * @param {(piece: {text: string, start_ms: number}) => void} [told.piece]
   * @param {(words: {text: string, start_ms: number}[]) => void} [told.words] of the piece before, where the engine tells them
   * @param {(pcm: Int16Array) => void} [told.audio]
   * @param {() => void} [told.whole] all of it has arrived
   * @throws {Refused}
   */
  async speak({ text, ...config }, told = {}) {
    this.stop();
    const current = { generation: ++this.#generation, told, whole: false, sent: 0, ...Promise.withResolvers() };
    this.#current = current;
    try {
      await this.#player.open();
      const opened = await this.#connected();
      if (this.#current !== current) return; // stopped meanwhile
      opened.send(JSON.stringify({ type: "config", ...config, format: "pcm", sample_rate: RATE, words: true }));
      opened.send(JSON.stringify({ type: "text", text }));
      opened.send(JSON.stringify({ type: "end" }));
    } catch (error) {
      if (this.#current !== current) return;
      this.#current = null;
      throw error;
    }
    return current.promise;
  }

  /** Falls silent at once. */
  stop() {
    if (this.#current === null) return;
    this.#player.drop(this.#current.generation);
    if (!this.#current.whole) this.#hangUp(); // what is on its way belongs to nobody
    this.#end();
  }

  #connected() {
    if (this.#socket?.readyState === WebSocket.OPEN) return Promise.resolve(this.#socket);
    this.#opened ??= this.#connect().finally(() => (this.#opened = null));
    return this.#opened;
  }

  async #connect() {
    const opened = await connected("ws/tts");
    if (this.#signal.aborted) {
      opened.close();
      throw this.#signal.reason;
    }
    opened.onclose = () => this.#closed(opened);
    opened.onmessage = ({ data }) => this.#received(data);
    this.#socket = opened;
    return opened;
  }

  #received(data) {
    const current = this.#current;
    if (current === null) return;
    if (data instanceof ArrayBuffer) {
      const pcm = new Int16Array(data);
      current.sent += pcm.length / RATE;
      this.#player.play(current.generation, pcm);
      current.told.audio?.(pcm);
      return;
    }
    const event = JSON.parse(data);
    if (event.type === "audio.start") current.told.begin?.(event);
    else if (event.type === "piece") current.told.piece?.(event);
    else if (event.type === "words" && event.measured) current.told.words?.(event.words);
    else if (event.type === "error") this.#refused(current, event);
    else if (event.type === "audio.done") this.#done(current);
  }

  #done(current) {
    current.whole = true;
    current.told.whole?.();
    if (current.sent === 0) this.#end();
  }

  #played(generation, seconds) {
    const current = this.#current;
    if (current?.generation === generation && current.whole && seconds >= current.sent - 0.01) this.#end();
  }

  #end() {
    const { resolve } = this.#current;
    this.#current = null;
    resolve();
  }

  /** Whoever may not hear it any more does not hear what has arrived either. */
  #refused(current, event) {
    if (event.code === "unauthorized") this.#player.drop(current.generation);
    this.#failed(new Refused(0, { detail: event.message, ...event }));
  }

  #failed(error) {
    const current = this.#current;
    this.#current = null;
    current?.reject(error);
  }

  #closed(opened) {
    if (this.#socket !== opened) return;
    this.#socket = null;
    if (this.#current !== null && !this.#current.whole) this.#failed(new Unreachable());
  }

  #hangUp() {
    const opened = this.#socket;
    this.#socket = null;
    opened?.close();
  }

  #close() {
    this.stop();
    this.#hangUp();
    this.#player.close();
  }
}
