/** One conversation over a WebSocket: connects when it is needed, keeps the session, comes back after a drop. */

import { keptForTab } from "../shared/kept.js";
import { socket } from "../shared/server.js";

const RETRY_SECONDS = [0.3, 1, 2, 4, 8, 15];
const HEADER_BYTES = 8; // generation and sequence, before the PCM
const UNSENT_BYTES = 160_000; // audio that may wait in the browser: five seconds of it
const WAITING_MESSAGES = 16;
const KEPT = "stts.session"; // in the tab: a page that is loaded again goes on with its session

export class Connection {
  #handlers;
  #socket = null;
  #created = false;
  #session = keptForTab.read(KEPT);
  #tries = 0;
  #timer = 0;
  #waiting = [];
  #early = []; // audio of the last seconds, while there is no connection

  /**
   * @param {object} handlers
   * @param {() => object} handlers.wanted what to connect with
   * @param {(message: object) => void} handlers.message
   * @param {(generation: number, sequence: number, pcm: Int16Array) => void} handlers.audio
   * @param {(status: "closed" | "connecting" | "open" | "waiting") => void} handlers.status
   * @param {() => Promise<boolean>} handlers.lost it could not be made, or not be made again; true: try once more
   */
  constructor(handlers, signal) {
    this.#handlers = handlers;
    window.addEventListener("online", () => this.#timer && this.#dial(), { signal });
  }

  get isOpen() {
    return this.#created;
  }

  connect() {
    if (this.#socket === null && this.#timer === 0) this.#dial();
  }

  /** Hangs up; the next `connect` goes on with the same session. */
  close() {
    this.#forget();
    this.#handlers.status("closed");
  }

  /** Sends, connecting first if need be. */
  send(message) {
    if (this.#created) {
      this.#socket.send(JSON.stringify(message));
    } else if (this.#waiting.length < WAITING_MESSAGES) {
      this.#waiting.push(message);
      this.connect();
    }
  }

  /** What is said while it connects is sent then; what cannot leave the browser is dropped. @param {ArrayBuffer} pcm */
  sendAudio(pcm) {
    if (this.#created) {
      if (this.#socket.bufferedAmount < UNSENT_BYTES) this.#socket.send(pcm);
      return;
    }
    this.#early.push(pcm);
    if (this.#early.length * pcm.byteLength > UNSENT_BYTES) this.#early.shift();
  }

  #dial() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#handlers.status(this.#tries > 0 ? "waiting" : "connecting");
    const opened = socket("ws/conversation/v2", { ...this.#handlers.wanted(), session: this.#session });
    opened.onmessage = ({ data }) => this.#received(data);
    opened.onclose = () => this.#closed();
    this.#socket = opened;
  }

  #received(data) {
    if (data instanceof ArrayBuffer) {
      const header = new DataView(data, 0, HEADER_BYTES);
      const pcm = new Int16Array(data, HEADER_BYTES);
      this.#handlers.audio(header.getUint32(0, true), header.getUint32(4, true), pcm);
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "session.created") this.#opened(message);
    this.#handlers.message(message);
    if (message.type === "error" && message.fatal && !message.retryable) this.close();
  }

  #opened(message) {
    this.#created = true;
    this.#session = message.session;
    keptForTab.write(KEPT, message.session);
    this.#tries = 0;
    this.#handlers.status("open");
    for (const waiting of this.#waiting.splice(0)) this.send(waiting);
    for (const pcm of this.#early.splice(0)) this.sendAudio(pcm);
  }

  async #closed() {
    const wasOpen = this.#created || this.#tries > 0;
    this.#forget({ keepWaiting: true });
    if (wasOpen && this.#tries < RETRY_SECONDS.length) {
      this.#timer = setTimeout(() => this.#dial(), RETRY_SECONDS[this.#tries++] * 1000);
      this.#handlers.status("waiting");
      return;
    }
    this.#tries = 0;
    this.#handlers.status("closed");
    if (await this.#handlers.lost()) this.connect();
    else if (this.#socket === null && this.#timer === 0) this.#forget();
  }

  #forget({ keepWaiting = false } = {}) {
    clearTimeout(this.#timer);
    if (this.#socket !== null) {
      this.#socket.onclose = this.#socket.onmessage = null;
      this.#socket.close();
    }
    this.#timer = 0;
    this.#socket = null;
    this.#created = false;
    if (!keepWaiting) this.#waiting.length = this.#early.length = 0;
  }
}
