/**
 * The text, lit up as it is said: word by word where the engine tells when it says them, else sentence by sentence. Pieces
 * of speech come with their text and the time of their start.
 */

import { aligned, located, wordsOf } from "./located.js";
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
    // What nobody has spoken goes with what follows it.
    for (const each of this.#sentences) each.start = Math.min(each.start, start / 1000);
    const [from, to] = located(this.#text, text.trim(), this.#end);
    const gap = this.#text.slice(this.#end, from);
    const sentences = sentencesOf(this.#text.slice(from, to), document.documentElement.lang);
    const spans = sentences.map(spanOf);
    this.#end = to;
    this.#place.lastChild?.remove();
    this.#place.append(gap, ...spans, rest(this.#text.slice(to)));
    if (sentences.length === 0) return; // nothing of it stands in the text: what is lit stays lit
    this.#piece = { spoken: wordsOf(text), written: this.#text.slice(from, to), sentences, first: this.#sentences.length, start: start / 1000, envelope: new Envelope(this.#rate) };
    // Until all of its sound is there, a piece begins with its first sentence, where it sounds, and stays there.
    this.#sentences.push(...spans.map((span) => ({ span, start: Infinity })));
  }

  /**
   * Words of the current piece with their times, which its engine has told: they light up in place of its sentences.
   * @param {{text: string, start_ms: number}[]} words
   */
  words(words) {
    if (this.#piece === null) return;
    const piece = this.#piece;
    if (!piece.worded) this.#parted(piece);
    for (const { text, start_ms: start } of words) {
      const spoken = piece.spoken.indexOf(text, piece.told);
      if (spoken < 0) continue;
      piece.told = spoken + 1;
      // What is written before it and was not spoken goes with it.
      for (; piece.lit <= piece.places[spoken]; piece.lit++) this.#sentences[piece.first + piece.lit].start = start / 1000;
    }
  }

  /** Parts the text of a piece into its words, each with the space behind it. A screen reader reads on as before. */
  #parted(piece) {
    const words = piece.written.match(/\s*\S+\s*/gu) ?? [];
    const old = this.#sentences.splice(piece.first).map(({ span }) => span);
    const spans = words.map(spanOf);
    old[0].replaceWith(...spans);
    for (const span of old.slice(1)) span.remove();
    this.#sentences.push(...spans.map((span) => ({ span, start: Infinity })));
    Object.assign(piece, { worded: true, places: aligned(piece.spoken, words.map((word) => word.trim())), told: 0, lit: 0 });
    this.#current = Math.min(this.#current, piece.first - 1);
  }

  /** @param {Int16Array} pcm of the current piece */
  audio(pcm) {
    if (this.#piece === null) return;
    const { first, start, envelope, worded } = this.#piece;
    if (worded) return;
    envelope.add(pcm);
    if (this.#sentences[first].start === Infinity && envelope.onset !== null) this.#sentences[first].start = start + envelope.onset;
  }

  /** All audio of the current piece is there. */
  whole() {
    if (this.#piece === null) return;
    const { sentences, first, start, envelope, worded } = this.#piece;
    if (!worded) startsOf(sentences, envelope).forEach((at, index) => (this.#sentences[first + index].start = start + at));
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
