/** What a recording says: its segments with times and speakers, which can be heard, edited and taken along. */

import { action } from "../shared/actions.js";
import { choices, element, save } from "../shared/dom.js";
import { json } from "../shared/server.js";
import { clock, text } from "../shared/texts.js";
import { FORMATS, written } from "./writing.js";

const COLOURS = 6; // of speakers, as in the style

export class Transcript {
  #name;
  #signal;
  #state = element("p", { class: "soft", role: "status" });
  #player = element("audio", { controls: true, preload: "metadata" });
  #list = element("ol", { class: "segments" });
  #tools = element("p", { class: "buttons" });
  #segments = [];
  #elapsed = element("span", { class: "soft", role: "timer" });
  #working = null;
  #isKept = true;
  #speakers = [];

  constructor(name, signal) {
    this.#name = name;
    this.#signal = signal;
    this.#player.hidden = true;
    this.item = element("section", { class: "card", "aria-label": name }, element("h2", { dir: "auto" }, name), this.#state, this.#player, this.#list, this.#tools);
    this.#state.textContent = text("listen.waiting");
    this.#player.addEventListener("timeupdate", () => this.#follow());
  }

  /** @param {File} file @param {() => {engine: string, language: string, speakers: boolean}} choose @throws {Refused} */
  async hear(file, choose) {
    const wanted = choose();
    const working = this.#begin();
    const signal = AbortSignal.any([this.#signal, working.signal]);
    const started = performance.now();
    this.#state.textContent = text("home.hear.reading", { name: file.name });
    const timer = setInterval(() => (this.#elapsed.textContent = clock((performance.now() - started) / 1000)), 1000);
    try {
      const heard = wanted.speakers ? await diarised(file, wanted, signal) : await plain(file, wanted, signal);
      this.#show(heard, (performance.now() - started) / 1000);
      this.#hearable(file);
    } catch (error) {
      this.#state.textContent = text(working.signal.aborted ? "listen.stopped" : "listen.failed");
      this.#tools.replaceChildren(action("listen.again", () => this.hear(file, choose)));
      throw error;
    } finally {
      clearInterval(timer);
      this.#working = null;
    }
  }

  /** Whoever leaves now loses work, or words that were not taken along. */
  get isUnsaved() {
    return this.#working !== null || !this.#isKept;
  }

  #begin() {
    this.#working = new AbortController();
    const stop = element("button", { class: "plain", type: "button", onclick: () => this.#working?.abort() }, text("home.hear.stop"));
    this.#elapsed.textContent = "";
    this.#tools.replaceChildren(stop, this.#elapsed);
    return this.#working;
  }

  #show({ segments, duration, language, warnings = [] }, seconds) {
    this.#segments = segments;
    this.#isKept = segments.length === 0;
    this.#tools.replaceChildren();
    this.#speakers = [...new Set(segments.map(({ speaker }) => speaker).filter(Boolean))];
    const parts = [duration ? clock(duration) : "", language ?? "", text("listen.took", { seconds: seconds.toFixed(1) }), ...warnings];
    this.#state.textContent = segments.length ? parts.filter(Boolean).join(" · ") : text("home.hear.silence");
    this.#list.replaceChildren(...segments.map((segment) => this.#row(segment)));
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
      this.#isKept = false;
    });
    const speaker = segment.speaker ? element("span", { class: "speaker", "data-colour": this.#speakers.indexOf(segment.speaker) % COLOURS }, segment.speaker) : "";
    return element("li", {}, at, speaker, words);
  }

  #offer() {
    const format = element("select", { "aria-label": text("speak.format") });
    choices(format, FORMATS.map((name) => [name, name.toUpperCase()]));
    const take = element("button", { class: "plain", type: "button" }, text("speak.download"));
    take.addEventListener("click", () => {
      this.#isKept = true;
      const data = new Blob([written(this.#segments, format.value)], { type: "text/plain;charset=utf-8" });
      save(data, `${this.#name.replace(/\.\w+$/, "")}.${format.value}`);
    });
    this.#tools.replaceChildren(format, take);
  }

  /** Browsers play most of what the server reads; what they cannot play stays a transcript. */
  #hearable(file) {
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

async function plain(file, { engine, language }, signal) {
  const body = new FormData();
  body.append("format", "verbose_json");
  if (engine !== "auto") body.append("engine", engine);
  if (language) body.append("language", language);
  body.append("file", file);
  return json("stt", { method: "POST", body, signal });
}

/** Who says what is told by the route of OpenAI's clients. */
async function diarised(file, { engine, language }, signal) {
  const body = new FormData();
  body.append("model", engine === "auto" ? "gpt-4o-transcribe-diarize" : engine);
  body.append("response_format", "diarized_json");
  body.append("chunking_strategy", "auto");
  if (language) body.append("language", language);
  body.append("file", file);
  return json("v1/audio/transcriptions", { method: "POST", body, signal });
}
