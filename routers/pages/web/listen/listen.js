/** Speech into text: recordings and the microphone, with times and speakers, to edit and to take along. */

import { asksBeforeLeaving, takesDrops } from "../shared/actions.js";
import { Dictation } from "../shared/dictation.js";
import { choices, element } from "../shared/dom.js";
import { keptForTab } from "../shared/kept.js";
import { fail } from "../shared/notice.js";
import { pull } from "../shared/pull.js";
import { json } from "../shared/server.js";
import { bytes, language as shown, text } from "../shared/texts.js";
import { Transcript } from "./transcript.js";

const KEPT = "stts.listen";

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const page = new ListenPage(main, signal);
  await page.load();
}

class ListenPage {
  #form;
  #main;
  #signal;
  #waiting = Promise.resolve();
  #transcripts = [];

  constructor(main, signal) {
    this.#main = main;
    this.#signal = signal;
    this.#form = main.querySelector("#listen");
    const { files } = this.#form.elements;
    files.addEventListener("change", () => this.#take([...files.files]));
    takesDrops(this.#form, (dropped) => this.#take([...dropped]));
    this.#form.addEventListener("change", ({ target }) => target.name !== "files" && this.#keep());
    asksBeforeLeaving(main, signal, () => this.#transcripts.some(({ isUnsaved }) => isUnsaved));
    this.#offerMicrophone();
  }

  async load() {
    const engines = await json("engines", { signal: this.#signal });
    const ears = engines.filter(({ kind, state }) => kind === "stt" && state !== "not_installed");
    const { engine, language, speakers } = this.#form.elements;
    choices(engine, [["auto", text("speak.automatic")], ...ears.map(({ name }) => [name, name])]);
    const names = new Intl.DisplayNames(shown, { type: "language" });
    const tags = new Set(ears.flatMap(({ languages }) => languages.map((tag) => tag.split("-")[0])));
    choices(language, [["", text("speak.automatic")], ...[...tags].map((tag) => [tag, names.of(tag)])]);
    const kept = keptForTab.readJson(KEPT, {});
    if (ears.some(({ name }) => name === kept.engine)) engine.value = kept.engine;
    if (tags.has(kept.language)) language.value = kept.language;
    speakers.checked = kept.speakers === true;
    await this.#offerSpeakers(engines);
  }

  /** Voices are told apart by a model, which may have to come first. */
  async #offerSpeakers(engines) {
    const models = await json("models", { signal: this.#signal });
    const able = new Set(engines.filter(({ kind }) => kind === "speaker").map(({ name }) => name));
    const fitting = models.filter(({ engine }) => able.has(engine));
    const { speakers } = this.#form.elements;
    const place = this.#form.querySelector("#speakers-missing");
    const [missing] = fitting.some(({ present }) => present) ? [] : fitting;
    place.hidden = missing === undefined;
    speakers.disabled = missing !== undefined;
    if (!missing) return;
    speakers.checked = false;
    const work = element("span", { class: "buttons" });
    work.append(pull(missing.id, missing.name, work, this.#signal, () => this.load().catch(fail)));
    place.replaceChildren(text("listen.speakers.missing", { name: missing.name, size: bytes(missing.bytes) }), " ", work);
  }

  #keep() {
    keptForTab.writeJson(KEPT, this.#wanted());
  }

  #wanted() {
    const { engine, language, speakers } = this.#form.elements;
    return { engine: engine.value, language: language.value, speakers: speakers.checked };
  }

  /** One after the other, the newest on top. */
  #take(files) {
    for (const file of files) {
      const transcript = new Transcript(file.name, this.#signal);
      this.#transcripts.push(transcript);
      this.#main.querySelector("#transcripts").prepend(transcript.item);
      this.#waiting = this.#waiting.then(() => transcript.hear(file, () => this.#wanted())).catch(fail);
    }
    this.#form.elements.files.value = "";
  }

  #offerMicrophone() {
    const button = this.#form.querySelector("#microphone");
    const live = this.#main.querySelector("#live");
    const words = live.querySelector("#live-words");
    const level = this.#form.querySelector("#level");
    const pressed = (on) => {
      button.setAttribute("aria-pressed", String(on));
      button.textContent = text(on ? "home.hear.stop" : "home.hear.button");
    };
    const dictation = new Dictation(this.#signal, {
      text: (sure, tail) => words.replaceChildren(sure, " ", element("span", { class: "said" }, tail)),
      level: (value) => (level.value = value),
      end: (error) => {
        pressed(false);
        if (error) fail(error);
      },
    });
    button.addEventListener("click", async () => {
      const on = !dictation.isOn;
      pressed(on);
      live.hidden = false;
      const { engine, language } = this.#wanted();
      await (on ? dictation.start({ engine, language }) : dictation.stop()).catch((error) => {
        pressed(false);
        fail(error);
      });
    });
  }
}
