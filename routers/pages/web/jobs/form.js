/** A new job: books become speech, recordings become text; both may be chosen together. */

import { takesDrops } from "../shared/actions.js";
import { choices } from "../shared/dom.js";
import { heardLanguages, offeredSpeech } from "../shared/offered.js";
import { Refused, json } from "../shared/server.js";
import { language as shown, number, text } from "../shared/texts.js";

const BOOK = /\.(epub|md|markdown|txt|jsonl|ndjson|pdf|html?|docx?|odt|rtf|mobi|azw3?|fb2)$/i; // some of them to be refused by name
const NAME_CHARACTERS = 200;

export class NewJob {
  #form;
  #signal;
  #begun;

  /** @param {(job: object) => void} begun */
  constructor(form, signal, begun) {
    this.#form = form;
    this.#signal = signal;
    this.#begun = begun;
    const { file } = form.elements;
    file.addEventListener("change", () => this.#chosen());
    form.addEventListener("reset", () => queueMicrotask(() => this.#chosen()));
    takesDrops(form, (files) => this.#choose([...files]));
    this.#chosen();
  }

  async load() {
    const { voice, language } = this.#form.elements;
    const [{ voices }, languages] = await Promise.all([offeredSpeech(this.#signal), heardLanguages(this.#signal)]);
    const automatic = ["", text("speak.automatic")];
    choices(voice, [automatic, ...voices.map(({ id, name, engine }) => [JSON.stringify([engine, id]), `${name} (${engine})`])]);
    const names = new Intl.DisplayNames(shown, { type: "language" });
    choices(language, [automatic, ...languages.map((tag) => [tag, names.of(tag)])]);
  }

  /** Begins them one by one: those that have begun are chosen no more, also where a later one is refused. @throws {Refused} */
  async begin() {
    const state = this.#form.querySelector("#new-state");
    state.textContent = text("jobs.sending");
    try {
      for (const book of this.#books) {
        this.#begun(await this.#sent("jobs/speech", this.#speech(book), book.name));
        this.#choose(this.#files.filter((file) => file !== book));
      }
      const recordings = this.#recordings;
      if (recordings.length > 0) this.#begun(await this.#sent("jobs/transcription", this.#transcription(recordings), ""));
      this.#form.reset();
    } finally {
      state.textContent = "";
    }
  }

  get #files() {
    return [...this.#form.elements.file.files];
  }

  get #books() {
    return this.#files.filter(({ name }) => BOOK.test(name));
  }

  get #recordings() {
    return this.#files.filter(({ name }) => !BOOK.test(name));
  }

  #choose(files) {
    const chosen = new DataTransfer();
    for (const file of files) chosen.items.add(file);
    this.#form.elements.file.files = chosen.files;
    this.#chosen();
  }

  /** Shows what was chosen, and the fields that it has. */
  #chosen() {
    const names = this.#files.map(({ name }) => name);
    this.#form.querySelector("#chosen").textContent = names.join(", ");
    const [books, recordings] = [this.#books.length > 0, this.#recordings.length > 0];
    for (const field of this.#form.querySelectorAll("[data-for]")) {
      field.hidden = field.dataset.for === "books" ? recordings && !books : !recordings;
    }
  }

  async #sent(path, body, name) {
    try {
      return await json(path, { method: "POST", body, signal: this.#signal });
    } catch (error) {
      if (name && error instanceof Refused) error.message = `${name}: ${error.message}`;
      throw error;
    }
  }

  #speech(book) {
    const { voice, format, captions } = this.#form.elements;
    const fields = { format: format.value, captions: captions.checked };
    if (voice.value) [fields.engine, fields.voice] = JSON.parse(voice.value);
    return formOf(fields, [book]);
  }

  #transcription(files) {
    const more = files.length > 1 ? ` + ${number(files.length - 1)}` : "";
    const name = files[0].name.slice(0, NAME_CHARACTERS - more.length) + more;
    return formOf({ name, language: this.#form.elements.language.value }, files);
  }
}

function formOf(fields, files) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value) body.append(name, value);
  for (const file of files) body.append("file", file);
  return body;
}
