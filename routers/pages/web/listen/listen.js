/** Speech into text: recordings and the microphone, with times and speakers, to edit and to take along. */

import { asksBeforeLeaving, takesDrops } from "../shared/actions.js";
import { Dictation } from "../shared/dictation.js";
import { choices, element } from "../shared/dom.js";
import { keptForTab } from "../shared/kept.js";
import { fail } from "../shared/notice.js";
import { isHere } from "../shared/offered.js";
import { pull } from "../shared/pull.js";
import { json } from "../shared/server.js";
import { bytes, clock, language as shown, text } from "../shared/texts.js";
import { RATE } from "../talk/microphone.js";
import { desk } from "./desk.js";
import { Tape } from "./tape.js";

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
  #place;
  #isRecording = () => false;

  constructor(main, signal) {
    this.#main = main;
    this.#signal = signal;
    this.#form = main.querySelector("#listen");
    this.#place = main.querySelector("#transcripts");
    this.#place.append(...desk.items);
    desk.chosenBy(() => this.#wanted(), () => this.#leadToModel());
    const { files } = this.#form.elements;
    files.addEventListener("change", () => this.#take([...files.files]));
    takesDrops(this.#form, (dropped) => this.#take([...dropped]));
    this.#form.addEventListener("change", ({ target }) => target.name !== "files" && this.#keep());
    asksBeforeLeaving(main, signal, () => this.#isRecording());
    this.#offerMicrophone();
  }

  async load() {
    const engines = await json("engines", { signal: this.#signal });
    const ears = engines.filter((engine) => engine.kind === "stt" && isHere(engine));
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

  /** Where no model tells speakers apart, its button is shown. @returns {boolean} whether that is so */
  #leadToModel() {
    const place = this.#form.querySelector("#speakers-missing");
    place.scrollIntoView({ block: "center" });
    place.querySelector("button")?.focus();
    return !place.hidden;
  }

  #keep() {
    keptForTab.writeJson(KEPT, this.#wanted());
  }

  #wanted() {
    const { engine, language, speakers } = this.#form.elements;
    return { engine: engine.value, language: language.value, speakers: speakers.checked };
  }

  #take(files) {
    for (const file of files) this.#place.prepend(desk.hear(file));
    this.#form.elements.files.value = "";
  }

  #offerMicrophone() {
    const button = this.#form.querySelector("#microphone");
    const live = this.#main.querySelector("#live");
    const words = live.querySelector("#live-words");
    const level = this.#form.querySelector("#level");
    let tape = new Tape(RATE);
    const pressed = (on) => {
      button.setAttribute("aria-pressed", String(on));
      button.textContent = text(on ? "home.hear.stop" : "home.hear.button");
      live.hidden = !on;
    };
    const dictation = new Dictation(this.#signal, {
      text: (sure, tail) => words.replaceChildren(sure, " ", element("span", { class: "said" }, tail)),
      level: (value) => (level.value = value),
      audio: (pcm) => tape.add(pcm),
      end: (error) => {
        pressed(false);
        this.#hold(dictation.segments, tape);
        if (error) fail(error);
      },
    });
    this.#isRecording = () => dictation.isOn;
    button.addEventListener("click", async () => {
      const on = !dictation.isOn;
      if (on) {
        tape = new Tape(RATE);
        words.replaceChildren();
        pressed(on);
      }
      const { engine, language } = this.#wanted();
      await (on ? dictation.start({ engine, language }) : dictation.stop()).catch((error) => {
        pressed(false);
        fail(error);
      });
    });
  }

  /** What the microphone heard is a recording like any other. */
  #hold(segments, tape) {
    if (tape.seconds === 0) return;
    const name = `${text("listen.live")} ${new Intl.DateTimeFormat(shown, { dateStyle: "medium", timeStyle: "short" }).format()}`;
    const state = segments.length > 0 ? clock(tape.seconds) : text("home.hear.silence");
    const item = desk.hold(name, segments, tape.file(`${name}.wav`), tape.isFull ? `${state} · ${text("listen.tape.full")}` : state);
    if (!this.#signal.aborted) this.#place.prepend(item);
  }
}
