/** Engines and models: what is there, how it does, and how what is missing comes. */

import { action, watch } from "../shared/actions.js";
import { coming } from "../shared/coming.js";
import { element } from "../shared/dom.js";
import { KeyedList } from "../shared/keyed.js";
import { fail } from "../shared/notice.js";
import { isHere, stateOf } from "../shared/offered.js";
import { json } from "../shared/server.js";
import { bytes, number, text } from "../shared/texts.js";
import { spark } from "../shared/spark.js";
import { modelList } from "./models.js";

const EVERY_MS = 3000;
const KEPT_POINTS = 60;

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const models = modelList(main.querySelector("#model-rows"), signal, () => page.look());
  const page = new EnginesPage(main.querySelector("#engine-rows"), signal, models);
  models().catch(fail);
  await page.watch();
}

class EnginesPage {
  #list;
  #signal;

  /** @param {() => Promise<void>} models looks at the models again */
  constructor(list, signal, models) {
    const changed = () => Promise.all([this.look(), models()]);
    this.#list = new KeyedList(list, ({ name }) => name, ({ name }) => new Row(name, signal, changed));
    this.#signal = signal;
  }

  /** Begins to look every few seconds; returns after the first look. */
  async watch() {
    await watch(() => this.look(), EVERY_MS, this.#signal);
  }

  async look() {
    const engines = await json("engines", { signal: this.#signal });
    engines.sort((one, other) => isHere(other) - isHere(one)); // those that are here come first
    this.#list.show(engines);
  }
}

const measured = new Map(); // what was measured of each engine while the document was open, on whatever page

/** One engine. Its element stays while its state changes, so that focus and progress stay too. */
class Row {
  #name;
  #signal;
  #changed;
  #state = element("span", { class: "state" });
  #words = element("p", { class: "soft", dir: "auto" });
  #facts = element("p", { class: "soft" });
  #pictures = element("div", { class: "pictures" });
  #buttons = element("div", { class: "buttons" });
  #first;
  #factor;
  #shown = "";

  constructor(name, signal, changed) {
    this.#name = name;
    ({ first: this.#first, factor: this.#factor } = measured.get(name) ?? { first: [], factor: [] });
    this.#signal = signal;
    this.#changed = changed;
    const head = element("h3", {}, name, " ", this.#state);
    this.item = element("li", { "data-engine": name }, element("div", {}, head, this.#words, this.#facts), this.#pictures, this.#buttons);
  }

  show(engine) {
    const { state, progress_part: part } = engine;
    this.#state.dataset.state = state;
    const percent = part == null ? "" : ` ${number(part, { style: "percent" })}`;
    this.#state.textContent = stateOf(engine) + percent;
    this.#words.textContent = engine.needs ? engine.description : (engine.failure ?? engine.description);
    this.#facts.textContent = facts(engine).join(" · ");
    this.#draw(engine.measured);
    if (this.#shown !== state) this.#offer(engine);
    this.#shown = state;
  }

  #draw({ first_seconds: first, real_time_factor: factor, requests }) {
    if (requests === 0 || (first === null && factor === null)) return;
    this.#first = [...this.#first, first === null ? null : first * 1000].slice(-KEPT_POINTS);
    this.#factor = [...this.#factor, factor].slice(-KEPT_POINTS);
    measured.set(this.#name, { first: this.#first, factor: this.#factor });
    const pictures = [
      ["engines.first", this.#first, first === null ? "–" : `${number(first * 1000, { maximumFractionDigits: 0 })} ms`],
      ["engines.factor", this.#factor, factor === null ? "–" : number(factor, { maximumFractionDigits: 3 })],
    ];
    const figures = pictures.map(([name, values, last]) =>
      element("figure", {}, element("figcaption", {}, `${text(name)} ${last}`), spark(values, `${text(name)} ${last}`)),
    );
    this.#pictures.replaceChildren(...figures);
  }

  #offer(engine) {
    const unload = async () => {
      await json(`engines/${this.#name}/unload`, { method: "POST", signal: this.#signal });
      await this.#changed();
    };
    const buttons = [];
    if (engine.state === "ready") buttons.push(action("engines.unload", unload, { "data-needs": "admin" }));
    else if (engine.state !== "loading") buttons.push(coming(engine, this.#signal, this.#changed));
    this.#buttons.replaceChildren(...buttons);
  }
}

function facts({ kind, languages, voices, memory_bytes: memory, running, waiting, licence, measured }) {
  const known = [text(`kind.${kind}`), licence];
  if (languages?.length) known.push(text("engines.languages", { count: number(languages.length) }));
  if (voices) known.push(text("engines.voices", { count: number(voices) }));
  if (memory) known.push(bytes(memory));
  if (running || waiting) known.push(text("engines.work", { running: number(running), waiting: number(waiting) }));
  if (measured.failures) known.push(text("engines.failures", { failures: number(measured.failures), requests: number(measured.requests) }));
  return known.filter(Boolean);
}
