/** The two meters, and the ring around the microphone. */

const DRAW_MS = 50; // between two looks

export class Levels {
  #meters;
  #ring;
  #levels;
  #drawn = [0, 0];
  #at = 0;

  /**
   * @param {HTMLElement} main
   * @param {() => [number, number]} levels RMS of the microphone and of the reply
   * @param {AbortSignal} signal
   */
  constructor(main, levels, signal) {
    this.#meters = [main.querySelector("#your-level"), main.querySelector("#reply-level")];
    this.#ring = main.querySelector("#talk");
    this.#levels = levels;
    let frame = requestAnimationFrame(draw.bind(this));
    signal.addEventListener("abort", () => cancelAnimationFrame(frame));

    /** @param {number} now ms */
    function draw(now) {
      frame = requestAnimationFrame(draw.bind(this));
      if (now - this.#at < DRAW_MS) return;
      this.#at = now;
      this.#draw();
    }
  }

  /** A change of neither is not drawn. */
  #draw() {
    const levels = this.#levels().map((level) => Math.round(loudness(level) * 50) / 50);
    if (levels.every((level, index) => level === this.#drawn[index])) return;
    this.#drawn = levels;
    this.#meters.forEach((meter, index) => (meter.value = levels[index]));
    this.#ring.style.setProperty("--level", Math.max(...levels));
  }
}

/** 0..1 for RMS from -50 to -10 dB. */
function loudness(rms) {
  return rms > 0 ? Math.min(1, Math.max(0, (20 * Math.log10(rms) + 50) / 40)) : 0;
}
