/** Where the time of a turn went, from the user's last sound to the reply's first: one stacked bar a turn. */

export const PARTS = [
  { key: "transcript_ms", name: "Transcript", means: "until the words were known" },
  { key: "first_token_ms", name: "Reply", means: "until the reply began" },
  { key: "first_audio_ms", name: "Voice", means: "until there was a voice" },
  { key: "first_byte_ms", name: "Sent", means: "until the first sound was sent" },
  { key: "heard_ms", name: "Heard", means: "until this page played it" },
];
const SCALE_MS = 1500; // the width of a bar that has no longer one beside it

/** Lengths that add up: a moment that was reached before the one before it takes no time. @returns {number[]} ms */
export function lengths(metrics) {
  let before = 0;
  return PARTS.map(({ key }) => {
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

  constructor(legend) {
    this.#legend = legend;
    legend.append(...PARTS.map(legendEntry));
  }

  /** @param {object} metrics turn_metrics, with `heard_ms` of this page @returns {HTMLElement} */
  bar(metrics) {
    const parts = lengths(metrics);
    const total = parts.reduce((sum, part) => sum + part, 0);
    const bar = element("div", "bar");
    bar.append(...parts.map((part, index) => element("span", `part part-${index}`)));
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
  const figure = element("figure", "timing");
  const sum = element("figcaption", "", `${Math.round(total)} ms`);
  const words = PARTS.filter(({ key }) => metrics[key] != null);
  const label = words.map(({ key, name }) => `${name} ${Math.round(metrics[key])} ms`).join(", ");
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", label);
  figure.title = metrics.speculative ? `${label}. The reply was prepared before the turn was over.` : label;
  figure.append(bar, sum);
  return figure;
}

function legendEntry({ name, means }, index) {
  const entry = element("li", "", name);
  entry.prepend(element("span", `key part-${index}`));
  entry.title = means;
  return entry;
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
