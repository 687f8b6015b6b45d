/** The text, lit up as it is said. Pieces of speech come with their text and the time at which they begin. */

export class Reading {
  #place;
  #field;
  #position;
  #pieces = [];
  #text = "";
  #end = 0;
  #frame = 0;

  /**
   * @param {HTMLElement} place where it is read
   * @param {HTMLTextAreaElement} field where it was written, which it stands in for meanwhile
   * @param {() => number} position seconds that were heard
   */
  constructor(place, field, position) {
    this.#place = place;
    this.#field = field;
    this.#position = position;
  }

  begin(text) {
    this.#text = text;
    this.#pieces = [];
    this.#end = 0;
    this.#place.replaceChildren(text);
    this.#show(true);
    this.#follow();
  }

  /** Its words are looked for behind the piece before; a text that was normalised on the way stands as it was written. */
  piece({ text, start_ms: start }) {
    const [from, to] = located(this.#text, text.trim(), this.#end);
    const span = document.createElement("span");
    span.textContent = this.#text.slice(from, to);
    const gap = this.#text.slice(this.#end, from);
    this.#end = to;
    this.#pieces.push({ span, start: start / 1000 });
    this.#place.lastChild?.remove();
    this.#place.append(gap, span, this.#text.slice(to));
  }

  end() {
    cancelAnimationFrame(this.#frame);
    this.#show(false);
  }

  #show(reading) {
    this.#place.hidden = !reading;
    this.#field.hidden = reading;
  }

  #follow() {
    const now = this.#position();
    const current = this.#pieces.findLastIndex(({ start }) => start <= now);
    this.#pieces.forEach(({ span }, index) => {
      span.className = index === current ? "now" : index < current ? "said" : "";
    });
    this.#frame = requestAnimationFrame(() => this.#follow());
  }
}

/** Where words stand, whatever blanks are between them. @returns {[number, number]} */
export function located(text, words, after) {
  const pattern = words.split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s+");
  const found = words ? new RegExp(pattern, "u").exec(text.slice(after)) : null;
  if (found) return [after + found.index, after + found.index + found[0].length];
  const rest = text.slice(after);
  const ends = /[.!?…؟。！？]["'»)]*\s|\n/u.exec(rest.trimStart());
  const begin = after + rest.length - rest.trimStart().length;
  return [begin, ends ? begin + ends.index + 1 : text.length];
}
