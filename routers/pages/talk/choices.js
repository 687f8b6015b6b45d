/** The settings: what a conversation is asked for, what the microphone does, and the key. Kept for this tab only. */

import { languagesOf } from "./languages.js";
import { get } from "./server.js";

const KEPT = "stts.talk";
const PROCESSING = ["echoCancellation", "noiseSuppression", "autoGainControl"];

export class Choices {
  #form;
  #voices = [];
  #engines = [];

  /** @param {HTMLDialogElement} dialog @param {(changed: Set<string>) => void} onChange names of fields */
  constructor(dialog, onChange) {
    this.#form = dialog.querySelector("form");
    this.#restore();
    let before = this.#values();
    dialog.addEventListener("close", () => {
      const now = this.#values();
      const changed = new Set(Object.keys(now).filter((name) => now[name] !== before[name]));
      before = now;
      this.#keep();
      if (changed.size > 0) onChange(changed);
    });
    this.#form.addEventListener("change", ({ target }) => this.#narrow(target.name));
  }

  get key() {
    return this.#form.elements.key.value.trim();
  }

  /** @returns {"websocket" | "webrtc"} */
  get transport() {
    return this.#values().transport;
  }

  /** What a conversation is asked for; null: whatever the server takes. */
  get conversation() {
    const { language, tts, stt, voice, reply, interrupt } = this.#values();
    return { language: language || null, tts, stt, voice: voice || null, reply: reply || null, interrupt };
  }

  /** Constraints of the microphone; all off with `?raw` in the address, for audio that must not be touched. */
  get processing() {
    const raw = new URLSearchParams(location.search).has("raw");
    return Object.fromEntries(PROCESSING.map((name) => [name, !raw && this.#form.elements[name].checked]));
  }

  /** Asks the server, until it has told, which engines and voices there are. Without its key there is nothing to choose. */
  async load() {
    if (this.#engines.length > 0) return;
    try {
      const engines = await list("engines", this.key); // alone: a server that wants its key is asked once
      const voices = await list("voices", this.key);
      this.#engines = engines.filter(({ state }) => state !== "not_installed");
      const speaking = new Set(this.#engines.map(({ name }) => name));
      this.#voices = voices.filter(({ engine }) => speaking.has(engine));
    } catch {
      return; // a conversation says what is wrong
    }
    this.#offer();
  }

  #offer() {
    const { tts, stt, language } = this.#form.elements;
    fill(tts, this.#engines.filter(({ kind }) => kind === "tts").map(({ name }) => [name, name]));
    fill(stt, this.#engines.filter(({ kind }) => kind === "stt").map(({ name }) => [name, name]));
    fill(language, languagesOf(this.#voices));
    this.#narrow("tts");
  }

  /** Only voices that fit the engine and the language. */
  #narrow(changed) {
    if (changed !== "tts" && changed !== "language") return;
    const { tts, language, voice } = this.#form.elements;
    const fitting = this.#voices.filter(
      ({ engine, languages }) =>
        (tts.value === "auto" || engine === tts.value) &&
        (language.value === "" || languages.length === 0 || languages.some((tag) => sameLanguage(tag, language.value))),
    );
    fill(voice, fitting.map(({ id, name }) => [id, name]));
  }

  #values() {
    const fields = [...this.#form.elements].filter(({ name }) => name !== "");
    return Object.fromEntries(fields.map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]));
  }

  #keep() {
    sessionStorage.setItem(KEPT, JSON.stringify(this.#values()));
  }

  /** What is not offered yet is taken for offered until the server has said. */
  #restore() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "{}");
    for (const [name, value] of Object.entries(kept)) {
      const field = this.#form.elements[name];
      if (field === undefined) continue;
      if (field.type === "checkbox") field.checked = value;
      else setValue(field, value);
    }
  }
}

function setValue(field, value) {
  const options = field.options && [...field.options].map((option) => option.value);
  if (options && !options.includes(value)) field.add(new Option(value, value));
  field.value = value;
}

async function list(path, key) {
  const answer = await get(path, key);
  if (!answer.ok) throw new Error(path);
  return answer.json();
}

/** Keeps the first option, and the choice where it is still there. */
function fill(select, pairs) {
  const { value } = select;
  select.replaceChildren(select.options[0], ...pairs.map(([id, name]) => new Option(name, id)));
  if (pairs.some(([id]) => id === value)) select.value = value;
}

function sameLanguage(one, two) {
  return one === two || one.startsWith(`${two}-`) || two.startsWith(`${one}-`);
}
