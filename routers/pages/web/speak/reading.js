/** The text, sentence by sentence, lit up as it is said. Pieces of speech come with their text and the time of their start. */

import { located } from "./located.js";
import { Envelope, sentencesOf, startsOf } from "./sentences.js";

const HALF_A_FRAME = 0.008; // seconds: what a screen shows is as often early as late
const SHOWN_AHEAD = 3000; // characters behind what is spoken: a book is not laid out anew with each sentence

export class Reading {
  #place;
  #field;
  #position;
  #rate;
  #text = "";
  #sentences = [];
  #piece = null;
  #end = 0;
  #current = -1;
  #frame = 0;

  /**
   * @param {HTMLElement} place where it is read
   * @param {HTMLTextAreaElement} field where it was written, which it stands in for meanwhile
   * @param {() => number} position seconds that were heard
   * @param {number} rate Hz of the audio
   */
  constructor(place, field, position, rate) {
    this.#place = place;
    this.#field = field;
    this.#position = position;
    this.#rate = rate;
  }

  begin(text) {
    this.#text = text;
    this.#sentences = [];
    this.#piece = null;
    this.#end = 0;
    this.#current = -1;
    this.#place.replaceChildren(rest(text));
    this.#show(true);
    this.#follow();
  }

  /** Its words are looked for behind the piece before; a text that was normalised on the way stands as it was written. */
  piece({ text, start_ms: start }) {
    this.whole();
    const [from, to] = located(this.#text, text.trim(), this.#end);
    const gap = this.#text.slice(this.#end, from);
    const sentences = sentencesOf(this.#text.slice(from, to), document.documentElement.lang);
    const spans = sentences.map(spanOf);
    this.#end = to;
    this.#place.lastChild?.remove();
    this.#place.append(gap, ...spans, rest(this.#text.slice(to)));
    this.#piece = { sentences, first: this.#sentences.length, start: start / 1000, envelope: new Envelope(this.#rate) };
    // Until all of its sound is there, a piece begins with its first sentence, where it sounds, and stays there.
    this.#sentences.push(...spans.map((span) => ({ span, start: Infinity })));
  }

  /** @param {Int16Array} pcm of the current piece */
  audio(pcm) {
    if (this.#piece === null) return;
    const { first, start, envelope } = this.#piece;
    envelope.add(pcm);
    if (this.#sentences[first].start === Infinity && envelope.onset !== null) this.#sentences[first].start = start + envelope.onset;
  }

  /** All audio of the current piece is there. */
  whole() {
    if (this.#piece === null) return;
    const { sentences, first, start, envelope } = this.#piece;
    startsOf(sentences, envelope).forEach((at, index) => (this.#sentences[first + index].start = start + at));
    this.#piece = null;
  }

  end() {
    cancelAnimationFrame(this.#frame);
    this.#show(false);
  }

  #light(current) {
    for (let index = Math.max(0, this.#current); index <= current; index++) this.#sentences[index].span.className = index < current ? "said" : "now";
    this.#current = current;
    this.#sentences[current]?.span.scrollIntoView({ block: "nearest" });
  }

  #show(reading) {
    this.#place.hidden = !reading;
    this.#field.hidden = reading;
  }

  #follow() {
    const now = this.#position() + HALF_A_FRAME;
    let current = this.#current;
    while (current + 1 < this.#sentences.length && this.#sentences[current + 1].start <= now) current += 1;
    if (current !== this.#current) this.#light(current);
    this.#frame = requestAnimationFrame(() => this.#follow());
  }
}

/** What is not spoken yet, as much of it as somebody may want to see. */
function rest(text) {
  return document.createTextNode(text.length > SHOWN_AHEAD ? `${text.slice(0, SHOWN_AHEAD)}…` : text);
}

function spanOf(sentence) {
  const span = document.createElement("span");
  span.textContent = sentence;
  return span;
}
