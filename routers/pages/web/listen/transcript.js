/** What a recording says: its segments with times and speakers, which can be heard, edited and taken along. */

import { action } from "../shared/actions.js";
import { choices, element, save } from "../shared/dom.js";
import { clock, number, text } from "../shared/texts.js";
import { heard } from "./hearing.js";
import { FORMATS, written } from "./writing.js";

const COLOURS = 6; // of speakers, as in the style

export class Transcript {
  #name;
  #signal;
  #state = element("p", { class: "soft", role: "status" });
  #player = element("audio", { controls: true, preload: "metadata" });
  #list = element("ol", { class: "segments" });
  #tools = element("p", { class: "buttons" });
  #bar = element("progress", { max: 1, hidden: true });
  #segments = [];
  #speakers = [];
  #isUnsaved = false; // at work, or not taken along since it was heard or edited

  constructor(name, signal) {
    this.#name = name;
    this.#signal = signal;
    this.#player.hidden = true;
    this.item = element("section", { class: "card", "aria-label": name }, element("h2", { dir: "auto" }, name), this.#state, this.#bar, this.#player, this.#list, this.#tools);
    this.#state.textContent = text("listen.waiting");
    this.#bar.setAttribute("aria-label", text("job.progress"));
    this.#player.addEventListener("timeupdate", () => this.#follow());
  }

  get isUnsaved() {
    return this.#isUnsaved;
  }

  /** @param {File} file @param {() => {engine: string, language: string, speakers: boolean}} choose @throws {Refused} */
  async hear(file, choose) {
    const own = new AbortController();
    const cancel = element("button", { class: "plain", type: "button", onclick: () => own.abort() }, text("job.cancel"));
    this.#tools.replaceChildren(cancel);
    this.#list.replaceChildren();
    this.#state.textContent = text("home.hear.reading", { name: file.name });
    this.#bar.removeAttribute("value");
    this.#bar.hidden = false;
    this.#isUnsaved = true;
    this.#hearable(file);
    const started = performance.now();
    try {
      const signal = AbortSignal.any([this.#signal, own.signal]);
      this.#show(await heard(file, choose(), signal, (segment) => this.#found(segment)), (performance.now() - started) / 1000);
    } catch (error) {
      this.#isUnsaved = false;
      this.#state.textContent = text(own.signal.aborted ? "job.state.cancelled" : "listen.failed");
      this.#tools.replaceChildren(action("listen.again", () => this.hear(file, choose)));
      throw error;
    } finally {
      this.#bar.hidden = true;
    }
  }

  /** A segment of a recording that is still being heard. */
  #found(segment) {
    this.#list.append(this.#row(segment));
    const { duration } = this.#player;
    if (duration > 0) this.#bar.value = Math.min(1, segment.end / duration);
  }

  #show({ segments, duration, language, warnings = [] }, seconds) {
    this.#segments = segments;
    this.#speakers = [...new Set(segments.map(({ speaker }) => speaker).filter(Boolean))];
    const parts = [duration ? clock(duration) : "", language ?? "", text("listen.took", { seconds: number(seconds, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) }), ...warnings];
    this.#state.textContent = segments.length ? parts.filter(Boolean).join(" · ") : text("home.hear.silence");
    this.#list.replaceChildren(...segments.map((segment) => this.#row(segment)));
    this.#isUnsaved = segments.length > 0;
    this.#tools.replaceChildren();
    if (segments.length) this.#offer();
  }

  #row(segment) {
    const at = element("button", { class: "time", type: "button", title: text("listen.play_from") }, clock(segment.start));
    at.addEventListener("click", () => {
      this.#player.currentTime = segment.start;
      this.#player.play();
    });
    const words = element("span", { contentEditable: "plaintext-only", dir: "auto", role: "textbox", "aria-label": text("listen.edit") }, segment.text.trim());
    words.addEventListener("input", () => {
      segment.text = words.textContent;
      this.#isUnsaved = true;
    });
    const speaker = segment.speaker ? element("span", { class: "speaker", "data-colour": this.#speakers.indexOf(segment.speaker) % COLOURS }, segment.speaker) : "";
    return element("li", {}, at, speaker, words);
  }

  #offer() {
    const format = element("select", { "aria-label": text("speak.format") });
    choices(format, FORMATS.map((name) => [name, name.toUpperCase()]));
    const take = element("button", { class: "plain", type: "button" }, text("speak.download"));
    take.addEventListener("click", () => {
      const data = new Blob([written(this.#segments, format.value)], { type: "text/plain;charset=utf-8" });
      save(data, `${this.#name.replace(/\.\w+$/, "")}.${format.value}`);
      this.#isUnsaved = false;
    });
    this.#tools.replaceChildren(format, take);
  }

  /** Browsers play most of what the server reads; what they cannot play stays a transcript. */
  #hearable(file) {
    if (this.#player.src) return; // it is heard again
    const url = URL.createObjectURL(file);
    this.#signal.addEventListener("abort", () => URL.revokeObjectURL(url));
    this.#player.addEventListener("loadedmetadata", () => (this.#player.hidden = false), { once: true });
    this.#player.src = url;
  }

  #follow() {
    const now = this.#player.currentTime;
    const current = this.#segments.findLastIndex(({ start }) => start <= now);
    [...this.#list.children].forEach((row, index) => row.toggleAttribute("data-now", index === current));
  }
}
