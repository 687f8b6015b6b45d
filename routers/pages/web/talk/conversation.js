/** What was said, by whom, and what of it was heard: a list of turns. Texts only ever become text nodes. */

import { text } from "../shared/texts.js";
import { heardPart } from "./heard.js";

const KEPT_ENTRIES = 200;
const NEAR_PIXELS = 80;

export class Conversation {
  #list;
  #scroller;
  #yours = new Map(); // turn -> entry
  #replies = new Map(); // generation -> entry
  #following = true; // until somebody scrolls back
  #size = ""; // when the end was last shown

  constructor(list, scroller) {
    this.#list = list;
    this.#scroller = scroller;
    scroller.addEventListener("scroll", () => this.#scrolled());
    const observer = new ResizeObserver(() => this.#follow());
    observer.observe(scroller);
    observer.observe(list);
  }

  get isEmpty() {
    return this.#list.childElementCount === 0;
  }

  /** Another connection counts turns and generations anew. */
  reset() {
    for (const entry of [...this.#yours.values(), ...this.#replies.values()]) entry.settle();
    this.#yours.clear();
    this.#replies.clear();
  }

  typed(words) {
    this.#add("you").show(words).settle();
  }

  note(words) {
    this.#add("note").show(words).settle();
  }

  speechStart({ turn }) {
    this.#mine(turn);
  }

  partial({ turn, stable_delta, tail }) {
    const entry = this.#mine(turn);
    entry.append(stable_delta);
    entry.rest(tail, "tail");
  }

  transcript({ turn, text: words }) {
    if (words.trim() === "") {
      this.#yours.get(turn)?.remove();
      return;
    }
    this.#mine(turn).show(words).settle();
  }

  transcriptFailed({ turn, error }) {
    this.#mine(turn).show(error.message).mark("failed").settle();
  }

  replyStart({ generation }) {
    this.#replies.set(generation, this.#add("reply"));
  }

  replyDelta({ generation, text: words }) {
    this.#replies.get(generation)?.append(words);
  }

  interrupted({ generation }) {
    this.#replies.get(generation)?.mark("held");
  }

  resumed({ generation }) {
    this.#replies.get(generation)?.mark("");
  }

  /** What was written and not heard is shown as such. */
  replyDone({ generation, status, text: written, heard, error }) {
    const entry = this.#replies.get(generation);
    if (entry === undefined) return;
    const [said, unsaid] = heardPart(written, status === "completed" ? written : heard);
    entry.show(said);
    entry.rest(unsaid, "unheard");
    if (error) entry.mark("failed").explain(text("talk.reply.failed", { why: error.message }));
    else entry.mark(status === "completed" ? "" : "cut");
    entry.settle();
  }

  /** Puts something below a reply. */
  attach(generation, element) {
    this.#replies.get(generation)?.attach(element);
  }

  #mine(turn) {
    if (!this.#yours.has(turn)) this.#yours.set(turn, this.#add("you"));
    return this.#yours.get(turn);
  }

  #add(who) {
    const entry = new Entry(who);
    this.#list.append(entry.element);
    if (this.#list.childElementCount > KEPT_ENTRIES) this.#list.firstElementChild.remove();
    return entry;
  }

  #follow() {
    if (this.#following) this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#size = sizeOf(this.#scroller);
  }

  /** What moves while its size changes was moved by the layout, and by nobody. */
  #scrolled() {
    if (isAtEnd(this.#scroller)) this.#following = true;
    else if (sizeOf(this.#scroller) === this.#size) this.#following = false;
  }
}

function isAtEnd({ scrollHeight, scrollTop, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight < NEAR_PIXELS;
}

function sizeOf({ scrollHeight, clientHeight }) {
  return `${scrollHeight} ${clientHeight}`;
}

class Entry {
  #said = document.createElement("span");
  #rest = document.createElement("span");
  #why = document.createElement("span");

  constructor(who) {
    const words = document.createElement("p");
    words.append(this.#said, this.#rest, this.#why);
    this.#why.className = "why";
    words.dir = "auto";
    this.element = document.createElement("li");
    this.element.className = who;
    this.element.setAttribute("aria-busy", "true"); // not read out before it is complete
    if (who !== "note") this.element.append(name(who));
    this.element.append(words);
  }

  show(words) {
    this.#said.textContent = words;
    this.rest("", "");
    return this;
  }

  append(words) {
    this.#said.append(words);
    return this;
  }

  rest(words, kind) {
    this.#rest.textContent = words;
    this.#rest.className = kind;
    if (kind === "unheard" && words !== "") this.#rest.title = text("talk.unheard");
  }

  explain(words) {
    this.#why.textContent = words;
    return this;
  }

  mark(kind) {
    this.element.dataset.mark = kind;
    return this;
  }

  settle() {
    this.element.removeAttribute("aria-busy");
  }

  attach(element) {
    this.element.append(element);
  }

  remove() {
    this.element.remove();
  }
}

function name(who) {
  const label = document.createElement("span");
  label.className = "who";
  label.textContent = text(who === "you" ? "talk.you" : "talk.other");
  return label;
}
