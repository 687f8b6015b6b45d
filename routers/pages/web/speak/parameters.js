/** Engine, voice and language, and a field for each parameter in the engine's own schema. */

import { choices, element } from "../shared/dom.js";
import { keptForTab } from "../shared/kept.js";
import { languagesOf } from "../shared/languages.js";
import { isHere } from "../shared/offered.js";
import { json } from "../shared/server.js";
import { language as shown, number, text } from "../shared/texts.js";
import { offeredVoices } from "../shared/voices.js";

const KEPT = "stts.speak";

export class Parameters {
  #form;
  #signal;
  #engines = [];
  #voices = [];
  #schema = {};

  constructor(form, signal) {
    this.#form = form;
    this.#signal = signal;
    form.addEventListener("change", ({ target }) => this.#changed(target.name));
    form.elements.speed.addEventListener("input", () => this.#showSpeed());
    this.#showSpeed();
  }

  /** What differs from the server's own choice. */
  get chosen() {
    const { engine, voice, language, speed } = this.#form.elements;
    const chosen = {};
    if (engine.value !== "auto") chosen.engine = engine.value;
    if (voice.value) chosen.voice = voice.value;
    if (language.value) chosen.language = language.value;
    if (speed.valueAsNumber !== 1) chosen.speed = speed.valueAsNumber;
    return { ...chosen, ...this.#ofEngine() };
  }

  async load() {
    const engines = await json("engines", { signal: this.#signal });
    this.#engines = engines.filter((engine) => engine.kind === "tts" && isHere(engine));
    this.#voices = await offeredVoices(engines, this.#signal);
    const { engine } = this.#form.elements;
    choices(engine, [["auto", text("speak.automatic")], ...this.#engines.map(({ name }) => [name, name])]);
    this.#restore();
    this.#changed("engine");
  }

  #changed(name) {
    if (name === "engine") this.#showParameters();
    if (name === "engine" || name === "language") this.#narrow();
    if (["engine", "language", "voice", "speed"].includes(name)) this.#keep();
  }

  #narrow() {
    const { engine, language, voice } = this.#form.elements;
    const byEngine = this.#voices.filter((each) => engine.value === "auto" || each.engine === engine.value);
    choices(language, [["", text("speak.automatic")], ...languagesOf(byEngine.map(({ name, languages }) => ({ name, languages: languages.map(base) })), shown)]);
    const fitting = byEngine.filter(({ languages }) => !language.value || languages.some((tag) => base(tag) === language.value));
    choices(voice, [["", text("speak.automatic")], ...fitting.map(({ id, name }) => [id, name])]);
  }

  #showParameters() {
    const { engine } = this.#form.elements;
    const found = this.#engines.find(({ name }) => name === engine.value);
    this.#schema = found?.parameters?.properties ?? {};
    const fields = Object.entries(this.#schema).map(([name, schema]) => field(name, schema));
    const more = this.#form.querySelector("#more");
    more.hidden = fields.length === 0;
    more.querySelector("#parameters").replaceChildren(...fields);
  }

  #ofEngine() {
    const given = {};
    for (const [name, schema] of Object.entries(this.#schema)) {
      const input = this.#form.elements[`engine.${name}`];
      const value = input.type === "checkbox" ? input.checked : input.type === "number" ? input.valueAsNumber : input.value;
      if (value !== "" && !Number.isNaN(value) && value !== schema.default) given[name] = value;
    }
    return given;
  }

  #showSpeed() {
    const { speed } = this.#form.elements;
    this.#form.querySelector("#speed-shown").textContent = `${number(speed.valueAsNumber)}×`;
  }

  #keep() {
    const { engine, voice, language, speed } = this.#form.elements;
    const kept = { engine: engine.value, voice: voice.value, language: language.value, speed: speed.value };
    keptForTab.writeJson(KEPT, kept);
  }

  #restore() {
    const kept = keptForTab.readJson(KEPT, {});
    for (const name of ["engine", "language", "voice", "speed"]) {
      if (!(name in kept)) continue;
      this.#form.elements[name].value = kept[name];
      if (name !== "voice" && name !== "speed") this.#narrow();
    }
    if (this.#form.elements.engine.selectedIndex < 0) this.#form.elements.engine.value = "auto";
    this.#showSpeed();
  }
}

/** A parameter as a field: its kind, bounds and words are the schema's. */
function field(name, schema) {
  const one = schema.anyOf?.find(({ type }) => type !== "null") ?? schema;
  const label = schema.title ?? name;
  const title = schema.description ?? "";
  const same = { name: `engine.${name}`, title };
  if (one.type === "boolean") return element("label", { class: "switch", title }, element("input", { ...same, type: "checkbox", checked: schema.default === true }), label);
  if (one.enum) {
    const select = element("select", same, ...one.enum.map((value) => new Option(value, value)));
    select.value = schema.default ?? one.enum[0];
    return element("label", { title }, label, select);
  }
  const numeric = one.type === "number" || one.type === "integer";
  const bounds = numeric ? { type: "number", min: one.minimum ?? "", max: one.maximum ?? "", step: one.type === "integer" ? 1 : "any" } : { type: "text" };
  return element("label", { title }, label, element("input", { ...same, ...bounds, value: schema.default ?? "" }));
}

function base(tag) {
  return tag.split("-")[0];
}
