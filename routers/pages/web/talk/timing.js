/** Where the time of a turn went, from the user's last sound to the reply's first: one stacked bar a turn. */

import { element } from "../shared/dom.js";
import { number, text } from "../shared/texts.js";

/** Moments of a turn, each named by a text. */
export const PARTS = ["transcript_ms", "first_token_ms", "first_audio_ms", "first_byte_ms", "heard_ms"];
const SCALE_MS = 1500; // the width of a bar that has no longer one beside it

/** Lengths that add up: a moment that was reached before the one before it takes no time. @returns {number[]} ms */
export function lengths(metrics) {
  let before = 0;
  return PARTS.map((key) => {
    const at = metrics[key] ?? before;
    const length = Math.max(0, at - before);
    before = Math.max(before, at);
    return length;
  });
}

export class Bars {
  #legend;
  #bars = [];
  #scale = SCALE_MS;
  #delays = new Map(); // generation -> ms from the arrival of the first frame to its sound

  constructor(legend) {
    this.#legend = legend;
    legend.append(...PARTS.map(legendEntry));
  }

  /** Another connection counts generations anew. */
  clear() {
    this.#delays.clear();
  }

  /** The first frame of a reply is there, and is heard after so many milliseconds. */
  arrived(generation, milliseconds) {
    this.#delays.set(generation, milliseconds);
  }

  /** @param {object} told turn_metrics @returns {HTMLElement} */
  bar(told) {
    const delay = this.#delays.get(told.generation);
    this.#delays.delete(told.generation);
    const metrics = { ...told, heard_ms: delay === undefined ? null : told.first_byte_ms + delay };
    const parts = lengths(metrics);
    const total = parts.reduce((sum, part) => sum + part, 0);
    const bar = element("div", { class: "stretch" });
    bar.append(...parts.map((part, index) => element("span", { class: `part part-${index}` })));
    this.#bars.push({ bar, parts });
    this.#scale = Math.max(this.#scale, total);
    this.#legend.hidden = false;
    this.#draw();
    return framed(bar, metrics, total);
  }

  #draw() {
    this.#bars = this.#bars.filter(({ bar, parts }) => bar.isConnected || parts === this.#bars.at(-1).parts);
    for (const { bar, parts } of this.#bars) {
      parts.forEach((part, index) => (bar.children[index].style.inlineSize = `${(100 * part) / this.#scale}%`));
    }
  }
}

function framed(bar, metrics, total) {
  const spent = PARTS.filter((key) => metrics[key] != null);
  const label = spent.map((key) => `${text(`talk.part.${key}`)} ${milliseconds(metrics[key])}`).join(", ");
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", label);
  const title = metrics.speculative ? `${label}. ${text("talk.speculative")}` : label;
  return element("figure", { class: "timing", title }, bar, element("figcaption", {}, milliseconds(total)));
}

function legendEntry(key, index) {
  const swatch = element("span", { class: `swatch part-${index}` });
  return element("li", { title: text(`talk.part.${key}.means`) }, swatch, text(`talk.part.${key}`));
}

function milliseconds(value) {
  return number(Math.round(value), { style: "unit", unit: "millisecond" });
}
