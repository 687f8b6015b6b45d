/** A recording for a voice: from the microphone, with its level and time, or a file. */

import { takesDrops } from "../shared/actions.js";
import { NoMicrophone, fail, withoutMicrophone } from "../shared/notice.js";
import { clock, text } from "../shared/texts.js";

const MOST_SECONDS = 60;
const PROCESSING = { echoCancellation: false, noiseSuppression: false, autoGainControl: false }; // the voice as it is

export class Recorder {
  recording = null;
  #form;
  #button;
  #signal;
  #media = null;
  #stream = null;
  #started = 0;

  constructor(form, signal) {
    this.#form = form;
    this.#signal = signal;
    this.#button = form.querySelector("#record");
    this.#button.addEventListener("click", () => (this.#media ? this.#media.stop() : this.#begin().catch(fail)));
    form.elements.file.addEventListener("change", ({ target }) => target.files[0] && this.#take(target.files[0]));
    takesDrops(form, ([file]) => file && this.#take(file));
    signal.addEventListener("abort", () => {
      this.#release();
      this.forget();
    });
  }

  forget() {
    this.recording = null;
    const player = this.#form.querySelector("#take");
    URL.revokeObjectURL(player.src);
    player.removeAttribute("src");
    player.hidden = true;
    for (const place of ["#chosen", "#record-time"]) this.#form.querySelector(place).textContent = "";
  }

  async #begin() {
    if (!navigator.mediaDevices) throw new NoMicrophone("NotFoundError");
    const stream = await this.#asked();
    if (this.#signal.aborted) {
      release(stream); // nobody is here any more who would
      return;
    }
    const media = new MediaRecorder(stream);
    this.#stream = stream;
    this.#media = media;
    const parts = [];
    media.ondataavailable = ({ data }) => parts.push(data);
    media.onstop = () => {
      if (this.#signal.aborted) return;
      const { mimeType } = media;
      this.#release();
      const kind = ["mp4", "ogg"].find((name) => mimeType.includes(name)) ?? "webm";
      this.#take(new File(parts, `recording.${kind}`, { type: mimeType }));
    };
    media.start();
    this.#started = performance.now();
    this.#pressed(true);
    this.#measure();
  }

  /** Nobody is asked twice at once. */
  async #asked() {
    this.#button.disabled = true;
    try {
      const wanted = { audio: { channelCount: 1, ...PROCESSING } };
      return await navigator.mediaDevices.getUserMedia(wanted).catch(withoutMicrophone);
    } finally {
      this.#button.disabled = false;
    }
  }

  #measure() {
    const context = new AudioContext();
    const meter = new AnalyserNode(context, { fftSize: 2048 });
    context.createMediaStreamSource(this.#stream).connect(meter);
    const window = new Float32Array(meter.fftSize);
    const level = this.#form.querySelector("#record-level");
    const time = this.#form.querySelector("#record-time");
    const look = () => {
      if (this.#media === null) {
        level.value = 0;
        context.close();
        return;
      }
      meter.getFloatTimeDomainData(window);
      level.value = Math.sqrt(window.reduce((sum, sample) => sum + sample * sample, 0) / window.length);
      const seconds = (performance.now() - this.#started) / 1000;
      time.textContent = clock(seconds);
      if (seconds >= MOST_SECONDS) this.#media.stop();
      requestAnimationFrame(look);
    };
    look();
  }

  #release() {
    release(this.#stream);
    this.#stream = this.#media = null;
    this.#pressed(false);
  }

  #pressed(on) {
    this.#button.setAttribute("aria-pressed", String(on));
    this.#button.textContent = text(on ? "home.hear.stop" : "voices.record");
  }

  #take(file) {
    this.recording = file;
    const player = this.#form.querySelector("#take");
    URL.revokeObjectURL(player.src);
    player.src = URL.createObjectURL(file);
    player.hidden = false;
    this.#form.querySelector("#chosen").textContent = file.name;
    const { name } = this.#form.elements;
    if (!name.value && !file.name.startsWith("recording.")) name.value = file.name.replace(/\.\w+$/, "");
  }
}

/** @param {MediaStream | null} stream of a microphone, which is given back */
function release(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}
