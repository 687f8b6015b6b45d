/** The configuration: each value with its source, checked before it is saved, and taken back with one press. */

import { asksBeforeLeaving, presses } from "../shared/actions.js";
import { element } from "../shared/dom.js";
import { fail } from "../shared/notice.js";
import { json, request } from "../shared/server.js";
import { number, text } from "../shared/texts.js";
import { SettingField } from "./field.js";
import { nested } from "./nested.js";

const CHECK_MS = 300;

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const page = new SettingsPage(main, signal);
  await page.load();
  page.lead();
}

class SettingsPage {
  #main;
  #signal;
  #fields = new Map();
  #undo = null;
  #timer = 0;
  #checking = new AbortController();

  constructor(main, signal) {
    this.#main = main;
    this.#signal = signal;
    const buttons = ["save", "discard", "undo"].map((id) => main.querySelector(`#${id}`));
    const works = [() => this.#save(), () => this.#discard(), () => this.#takeBack()];
    for (const [index, work] of works.entries()) presses(buttons[index], () => this.#unedited(work), buttons);
    asksBeforeLeaving(main, signal, () => Object.keys(this.#pending).length > 0);
    main.querySelector("#search").addEventListener("input", ({ target }) => {
      if (location.search) history.replaceState(null, "", location.pathname); // it was about what is looked for no more
      this.#search(target.value.trim().toLowerCase());
    });
  }

  async load() {
    const [schema, { settings }] = [await json("config/schema", { signal: this.#signal }), await json("config", { signal: this.#signal })];
    this.#fields.clear();
    const sections = new Map();
    for (const [key, state] of Object.entries(settings)) {
      const field = new SettingField(key, state, schemaOf(schema, key), () => this.#changed());
      this.#fields.set(key, field);
      const [section] = key.split(".");
      sections.set(section, [...(sections.get(section) ?? []), field.item]);
    }
    const shown = [...sections].map(([name, items]) => element("details", { class: "card", "data-section": name }, element("summary", {}, element("h2", {}, name)), element("div", { class: "settings" }, ...items)));
    this.#main.querySelector("#sections").replaceChildren(...shown);
    this.#changed();
    this.#search(this.#main.querySelector("#search").value.trim().toLowerCase());
  }

  /** Somebody comes for one field: `?search=` names its key, or what the keys of several begin with. */
  lead() {
    const wanted = new URLSearchParams(location.search).get("search");
    if (!wanted) return;
    const search = this.#main.querySelector("#search");
    search.value = wanted;
    this.#search(wanted.trim().toLowerCase());
    const field = this.#main.querySelector(`[data-key^="${CSS.escape(wanted)}"] :is(input, select, textarea):enabled`);
    (field ?? search).focus();
  }

  get #pending() {
    return Object.fromEntries([...this.#fields.values()].filter(({ isChanged }) => isChanged).map(({ key, value }) => [key, value]));
  }

  #changed() {
    const count = Object.keys(this.#pending).length;
    this.#main.querySelector("#bar").hidden = count === 0;
    this.#main.querySelector("#changes").textContent = text("settings.changes", { count: number(count) });
    this.#main.querySelector("#save").disabled = true; // until it is known what would come of it
    clearTimeout(this.#timer);
    this.#checking.abort();
    this.#checking = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#checking.signal]);
    if (count > 0) this.#timer = setTimeout(() => this.#check(signal).catch(fail), CHECK_MS);
  }

  /** What a change would do, before anything is done. @param {AbortSignal} signal of what has been changed again */
  async #check(signal) {
    const pending = this.#pending;
    const found = await json("config/validate", post(nested(pending), signal));
    for (const field of this.#fields.values()) field.mark("");
    const words = [text("settings.changes", { count: number(Object.keys(pending).length) })];
    if (!found.valid) {
      this.#fields.get(found.param)?.mark(found.problem);
      words.push(found.problem);
    }
    if (found.restart.length) words.push(text("settings.needs_restart", { keys: found.restart.join(", ") }));
    if (found.overridden.length) words.push(text("settings.overridden", { keys: found.overridden.join(", ") }));
    this.#main.querySelector("#changes").textContent = words.join(" · ");
    this.#main.querySelector("#save").disabled = !found.valid;
  }

  /** Work during which nobody writes into fields that are made anew when it is done. */
  async #unedited(work) {
    const sections = this.#main.querySelector("#sections");
    sections.inert = true;
    try {
      await work();
    } finally {
      sections.inert = false;
    }
  }

  async #discard() {
    await this.load();
    this.#main.querySelector("#search").focus(); // the button has gone
  }

  async #save() {
    const pending = this.#pending;
    const before = Object.fromEntries(Object.keys(pending).map((key) => [key, this.#fields.get(key).before]));
    const done = await this.#patch(pending);
    this.#undo = before;
    this.#main.querySelector("#undo").hidden = false;
    this.#main.querySelector("#undo").focus();
    const words = [text("settings.saved")];
    if (done.restart.length) words.push(text("settings.needs_restart", { keys: done.restart.join(", ") }));
    this.#main.querySelector("#saved").textContent = words.join(" ");
  }

  async #takeBack() {
    await this.#patch(this.#undo);
    this.#main.querySelector("#undo").hidden = true;
    this.#main.querySelector("#search").focus();
    this.#main.querySelector("#saved").textContent = text("settings.taken_back");
  }

  async #patch(values) {
    const answer = await request("config", { ...post(nested(values), this.#signal), method: "PATCH" });
    const done = await answer.json();
    const open = new Set([...this.#main.querySelectorAll("details[open]")].map(({ dataset }) => dataset.section));
    await this.load();
    for (const section of this.#main.querySelectorAll("details")) section.open = section.open || open.has(section.dataset.section);
    return done;
  }

  #search(words) {
    for (const section of this.#main.querySelectorAll("#sections details")) {
      let found = 0;
      for (const item of section.querySelectorAll("[data-key]")) {
        const told = `${item.dataset.key} ${item.textContent}`.toLowerCase();
        item.hidden = words !== "" && !told.includes(words);
        if (!item.hidden) found++;
      }
      section.hidden = found === 0;
      if (words !== "") section.open = found > 0;
    }
  }
}

function post(body, signal) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal };
}

/** The schema of one dotted key: down through the sections. */
function schemaOf(root, key) {
  let schema = root;
  for (const name of key.split(".")) {
    schema = resolved(root, resolved(root, schema).properties?.[name] ?? {});
  }
  return schema;
}

function resolved(root, schema) {
  const target = schema.$ref?.split("/").pop();
  return target ? { ...root.$defs[target], ...schema, $ref: undefined } : schema;
}
