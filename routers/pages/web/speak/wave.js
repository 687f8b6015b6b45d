/** The picture of what is said, drawn while it arrives: a column for each part of a second, squeezed as it grows. */

const COLUMN_SAMPLES = 480;
const DRAW_MS = 100; // between two pictures
const MOST_COLUMNS = 200_000; // an hour

export class Wave {
  #canvas;
  #columns = [];
  #peak = 0;
  #filled = 0;
  #timer = 0;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
  }

  begin() {
    this.#columns = [];
    this.#peak = this.#filled = 0;
    this.#canvas.hidden = false;
    this.#draw();
  }

  /** @param {Int16Array} pcm */
  add(pcm) {
    for (const sample of pcm) {
      this.#peak = Math.max(this.#peak, Math.abs(sample));
      if (++this.#filled < COLUMN_SAMPLES) continue;
      if (this.#columns.length < MOST_COLUMNS) this.#columns.push(this.#peak / 32768);
      this.#peak = this.#filled = 0;
    }
    this.#timer ||= setTimeout(() => this.#draw(), DRAW_MS);
  }

  #draw() {
    this.#timer = 0;
    const scale = window.devicePixelRatio;
    const width = (this.#canvas.width = this.#canvas.clientWidth * scale);
    const height = (this.#canvas.height = this.#canvas.clientHeight * scale);
    const context = this.#canvas.getContext("2d");
    context.fillStyle = getComputedStyle(this.#canvas).getPropertyValue("color");
    const bars = Math.max(1, Math.floor(width / (3 * scale)));
    const each = Math.max(1, this.#columns.length / bars);
    for (let bar = 0; bar * each < this.#columns.length; bar++) {
      const part = this.#columns.slice(Math.floor(bar * each), Math.max(Math.floor((bar + 1) * each), Math.floor(bar * each) + 1));
      const tall = Math.max(scale, Math.max(...part) * height);
      context.fillRect(bar * 3 * scale, (height - tall) / 2, 2 * scale, tall);
    }
  }
}
