/** What was said, by whom, and what of it was heard: a list of turns. Texts only ever become text nodes. */

import { heardPart } from "./heard.js";

const KEPT_ENTRIES = 200;
const NEAR_PIXELS = 80;

export class Conversation {
  #list;
  #scroller;
  #yours = new Map(); // turn -> entry
  #replies = new Map(); // generation -> entry
  #following = true; // until somebody scrolls back

  constructor(list, scroller) {
    this.#list = list;
    this.#scroller = scroller;
    scroller.addEventListener("scroll", () => (this.#following = isAtEnd(scroller)));
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

  typed(text) {
    this.#add("you").show(text).settle();
  }

  note(text) {
    this.#add("note").show(text).settle();
  }

  speechStart({ turn }) {
    this.#mine(turn);
  }

  partial({ turn, stable_delta, tail }) {
    const entry = this.#mine(turn);
    entry.append(stable_delta);
    entry.rest(tail, "tail");
  }

  transcript({ turn, text }) {
    if (text.trim() === "") {
      this.#yours.get(turn)?.remove();
      return;
    }
    this.#mine(turn).show(text).settle();
  }

  transcriptFailed({ turn, error }) {
    this.#mine(turn).show(error.message).mark("failed").settle();
  }

  replyStart({ generation }) {
    this.#replies.set(generation, this.#add("reply"));
  }

  replyDelta({ generation, text }) {
    this.#replies.get(generation)?.append(text);
  }

  interrupted({ generation }) {
    this.#replies.get(generation)?.mark("held");
  }

  resumed({ generation }) {
    this.#replies.get(generation)?.mark("");
  }

  /** What was written and not heard is shown as such. */
  replyDone({ generation, status, text, heard, error }) {
    const entry = this.#replies.get(generation);
    if (entry === undefined) return;
    const [said, unsaid] = heardPart(text, status === "completed" ? text : heard);
    entry.show(said);
    entry.rest(unsaid, "unheard");
    if (error) entry.mark("failed").explain(`The reply failed: ${error.message}`);
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
  }
}

function isAtEnd({ scrollHeight, scrollTop, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight < NEAR_PIXELS;
}

class Entry {
  #said = document.createElement("span");
  #rest = document.createElement("span");
  #why = document.createElement("span");

  constructor(who) {
    const text = document.createElement("p");
    text.append(this.#said, this.#rest, this.#why);
    this.#why.className = "why";
    text.dir = "auto";
    this.element = document.createElement("li");
    this.element.className = who;
    this.element.setAttribute("aria-busy", "true"); // not read out before it is complete
    if (who !== "note") this.element.append(name(who));
    this.element.append(text);
  }

  show(text) {
    this.#said.textContent = text;
    this.rest("", "");
    return this;
  }

  append(text) {
    this.#said.append(text);
    return this;
  }

  rest(text, kind) {
    this.#rest.textContent = text;
    this.#rest.className = kind;
    if (kind === "unheard" && text !== "") this.#rest.title = "This was not heard any more.";
  }

  explain(text) {
    this.#why.textContent = text;
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
  label.textContent = who === "you" ? "You" : "Reply";
  return label;
}
