/** What a conversation is asked for, and what the microphone does. Kept for this tab only. */

import { choices as fill } from "../shared/dom.js";
import { keptForTab } from "../shared/kept.js";
import { isHere } from "../shared/offered.js";
import { json } from "../shared/server.js";
import { language as shown, text } from "../shared/texts.js";
import { languagesOf } from "../shared/languages.js";

const KEPT = "stts.talk";
const PROCESSING = ["echoCancellation", "noiseSuppression", "autoGainControl"];
const WEBRTC = { on: "talk.webrtc.hint", off: "talk.webrtc.off", not_installed: "talk.webrtc.not_installed" };
const FIRST = { tts: ["auto", "talk.automatic"], stt: ["auto", "talk.automatic"], language: ["", "talk.automatic"], voice: ["", "talk.voice.own"] };

export class Choices {
  #main;
  #form;
  #signal;
  #voices = [];
  #before;

  /** @param {HTMLElement} main @param {AbortSignal} signal @param {(changed: Set<string>) => void} onChange names of fields */
  constructor(main, signal, onChange) {
    this.#main = main;
    this.#form = main.querySelector("#choices");
    this.#signal = signal;
    this.#restore();
    this.#fit();
    this.#before = this.#values();
    const dialog = this.#form.closest("dialog");
    dialog.addEventListener("close", () => this.#tell(onChange));
    const told = ({ target }) => {
      if (target.form !== this.#form) return;
      this.#narrow(target.name);
      this.#fit();
      if (!dialog.open) this.#tell(onChange);
    };
    main.addEventListener("change", told, { signal });
  }

  /** @returns {"websocket" | "webrtc"} */
  get transport() {
    return this.#values().webrtc ? "webrtc" : "websocket";
  }

  /** What a conversation is asked for; null: whatever the server takes. */
  get conversation() {
    const { language, tts, stt, voice, reply, model, interrupt } = this.#values();
    const wished = { language, voice, reply, model: model.trim() };
    return { ...Object.fromEntries(Object.entries(wished).map(([name, value]) => [name, value || null])), tts, stt, interrupt };
  }

  /** Constraints of the microphone; all off with `?raw` in the address, for audio that must not be touched. */
  get processing() {
    const raw = new URLSearchParams(location.search).has("raw");
    return Object.fromEntries(PROCESSING.map((name) => [name, !raw && this.#form.elements[name].checked]));
  }

  /** Asks the server which engines and voices there are, and whether it takes calls. */
  async load() {
    const options = { signal: this.#signal };
    const info = await json("info", options); // alone: a server that wants its key is asked once
    this.#offerCalls(info.webrtc);
    const [engines, voices] = await Promise.all([json("engines", options), json("voices", options)]);
    const installed = engines.filter(isHere);
    const speaking = new Set(installed.map(({ name }) => name));
    this.#voices = voices.filter(({ engine }) => speaking.has(engine));
    for (const kind of ["tts", "stt"]) this.#offer(kind, installed.filter((each) => each.kind === kind).map(({ name }) => [name, name]));
    this.#offer("language", languagesOf(this.#voices, shown));
    this.#narrow("tts");
  }

  /** @param {"on" | "off" | "not_installed"} state */
  #offerCalls(state) {
    const { webrtc } = this.#form.elements;
    webrtc.disabled = state === "off" || state === "not_installed";
    this.#main.querySelector("#webrtc-hint").textContent = text(WEBRTC[state] ?? WEBRTC.on);
    if (webrtc.disabled && webrtc.checked) {
      webrtc.checked = false;
      webrtc.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  #offer(name, pairs) {
    const [value, words] = FIRST[name];
    fill(this.#form.elements[name], [[value, text(words)], ...pairs]);
  }

  /** Only voices that fit the engine and the language. */
  #narrow(changed) {
    if (changed !== "tts" && changed !== "language") return;
    const { tts, language } = this.#form.elements;
    const fitting = this.#voices.filter(
      ({ engine, languages }) =>
        (tts.value === "auto" || engine === tts.value) &&
        (language.value === "" || languages.length === 0 || languages.some((tag) => sameLanguage(tag, language.value))),
    );
    this.#offer("voice", fitting.map(({ id, name }) => [id, name]));
  }

  /** A call takes its replies from where the server does. */
  #fit() {
    const { webrtc, reply } = this.#form.elements;
    reply.disabled = webrtc.checked;
    this.#main.querySelector("#reply-hint").hidden = !webrtc.checked;
  }

  #tell(onChange) {
    const now = this.#values();
    const changed = new Set(Object.keys(now).filter((name) => now[name] !== this.#before[name]));
    this.#before = now;
    keptForTab.writeJson(KEPT, now);
    if (changed.size > 0) onChange(changed);
  }

  #values() {
    const fields = [...this.#form.elements].filter(({ name }) => name !== "");
    return Object.fromEntries(fields.map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]));
  }

  /** What is not offered yet is taken for offered until the server has said. */
  #restore() {
    const kept = keptForTab.readJson(KEPT, {});
    for (const [name, value] of Object.entries(kept)) {
      const field = this.#form.elements[name];
      if (field === undefined) continue;
      if (field.type === "checkbox") field.checked = value === true;
      else setValue(field, value);
    }
  }
}

function setValue(field, value) {
  const options = field.options && [...field.options].map((option) => option.value);
  if (options && !options.includes(value)) field.add(new Option(value, value));
  field.value = value;
}

function sameLanguage(one, two) {
  return one === two || one.startsWith(`${two}-`) || two.startsWith(`${one}-`);
}
