/** One setting: its value, in the field that its schema asks for, and all there is to know of it. */

import { element } from "../shared/dom.js";
import { text } from "../shared/texts.js";

export class SettingField {
  #input;
  #kind;
  #problem = element("p", { class: "warning", dir: "auto", role: "alert", hidden: true });

  /** @param {string} key dotted @param {object} state of GET /config @param {object} schema @param {() => void} changed */
  constructor(key, state, schema, changed) {
    this.key = key;
    this.before = state.value;
    const one = schema.anyOf?.find(({ type, enum: values }) => values || (type && type !== "null")) ?? schema;
    this.#kind = kindOf(one, state.value);
    this.#input = input(this.#kind, one, state.value);
    this.#input.disabled = state.protected;
    this.#input.addEventListener("input", changed);
    const name = element("span", { class: "key" }, key.split(".").slice(1).join(".") || key);
    const marks = [state.source !== "default" && text(`settings.source.${state.source}`), !state.live && text("settings.restart"), state.protected && text("settings.protected"), state.waiting && text("settings.waiting")];
    const facts = element("span", { class: "soft" }, marks.filter(Boolean).join(" · "));
    const words = element("span", { class: "soft", dir: "auto" }, schema.description ?? "");
    this.item = element("label", { "data-key": key, class: this.#kind === "boolean" ? "setting switch" : "setting" }, element("span", {}, name, " ", facts), words, this.#input, this.#problem);
  }

  get isChanged() {
    return !this.#input.disabled && JSON.stringify(this.value) !== JSON.stringify(this.before);
  }

  /** What stands in the field, as JSON has it. */
  get value() {
    const { value, checked, valueAsNumber, validity } = this.#input;
    if (this.#kind === "boolean") return checked;
    if (validity.badInput) return value; // a number that is not finished is refused, and is not the lack of one
    if (this.#kind === "number") return value === "" ? null : valueAsNumber;
    if (this.#kind === "choice") return value === "" ? null : JSON.parse(value);
    if (this.#kind === "json") return parsed(value, this.before);
    return value === "" && this.before === null ? null : value;
  }

  /** @param {string} problem empty: none */
  mark(problem) {
    this.#problem.textContent = problem;
    this.#problem.hidden = problem === "";
    this.#input.setAttribute("aria-invalid", String(problem !== ""));
    if (problem) this.item.closest("details").open = true;
  }
}

function kindOf(schema, value) {
  if (schema.enum || (schema.type === "boolean" && value === null)) return "choice";
  if (schema.type === "boolean") return "boolean";
  if (schema.type === "number" || schema.type === "integer") return "number";
  return schema.type === "array" || schema.type === "object" || (typeof value === "object" && value !== null) ? "json" : "text";
}

function input(kind, schema, value) {
  if (kind === "boolean") return element("input", { type: "checkbox", checked: value === true });
  if (kind === "number") return element("input", { type: "number", step: schema.type === "integer" ? 1 : "any", value: value ?? "" });
  if (kind === "choice") {
    const select = element("select", {}, ...(value === null ? [new Option("–", "")] : []), ...(schema.enum ?? [true, false]).map((each) => new Option(each, JSON.stringify(each))));
    select.value = value === null ? "" : JSON.stringify(value);
    return select;
  }
  if (kind === "json") return element("textarea", { rows: 2, spellcheck: false, dir: "ltr", value: JSON.stringify(value) });
  return element("input", { type: "text", spellcheck: false, value: value ?? "" });
}

/** Text that is no JSON is sent as it is, so that the server says what is wrong with it. */
function parsed(words, before) {
  if (words.trim() === "" && before === null) return null;
  try {
    return JSON.parse(words);
  } catch {
    return words;
  }
}
