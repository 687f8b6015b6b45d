/** The microphone: asks for it, passes on its audio, gives it back. */

export const RATE = 16000; // Hz, of what is passed on

export class Microphone {
  #context = null;
  #stream = null;
  #wish = null; // the last call of `open`, until it is taken back
  #onAudio;
  #onEnd;
  level = 0; // RMS of the last message

  /** @param {(pcm: ArrayBuffer) => void} onAudio @param {() => void} onEnd when the device has gone */
  constructor(onAudio, onEnd) {
    this.#onAudio = onAudio;
    this.#onEnd = onEnd;
  }

  /** Browsers give pages a microphone, and worklets, only over https or on the same machine. */
  static get possible() {
    return Boolean(navigator.mediaDevices?.getUserMedia && window.AudioWorkletNode);
  }

  get isOpen() {
    return this.#stream !== null;
  }

  /** As the browser has it, for a call; null while it is off. @returns {MediaStreamTrack | null} */
  get track() {
    return this.#stream?.getAudioTracks()[0] ?? null;
  }

  /** @param {MediaTrackConstraints} processing @throws {DOMException} when it is refused or there is none */
  async open(processing) {
    this.close();
    const wish = (this.#wish = {});
    const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, ...processing } });
    if (this.#wish !== wish) return stream.getTracks().forEach((track) => track.stop()); // given back meanwhile
    this.#stream = stream;
    stream.getAudioTracks()[0].addEventListener("ended", this.#onEnd);
    await this.#connect(stream);
  }

  close() {
    this.#wish = null;
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#context?.close();
    this.#stream = this.#context = null;
    this.level = 0;
  }

  async #connect(stream) {
    const context = new AudioContext();
    this.#context = context;
    await context.audioWorklet.addModule(new URL("capture.js", import.meta.url));
    if (this.#context !== context) return; // given back meanwhile
    const options = { numberOfOutputs: 0, processorOptions: { rate: RATE } };
    const capture = new AudioWorkletNode(context, "capture", options);
    capture.port.onmessage = ({ data }) => this.#heard(data);
    context.createMediaStreamSource(stream).connect(capture);
    await context.resume();
  }

  #heard({ pcm, level }) {
    if (!this.isOpen) return;
    this.level = level;
    this.#onAudio(pcm);
  }
}
