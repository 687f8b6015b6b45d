/** What was done, by whom: newest first, a page at a time. */

import { presses } from "../shared/actions.js";
import { element } from "../shared/dom.js";
import { json } from "../shared/server.js";
import { table } from "../shared/table.js";
import { language } from "../shared/texts.js";

const PAGE = 50;

export class Audit {
  #place;
  #older;
  #signal;
  #rows = [];
  #before = "";

  /** @param {HTMLElement} main @param {AbortSignal} signal */
  constructor(main, signal) {
    this.#place = main.querySelector("#audit");
    this.#older = main.querySelector("#older");
    this.#signal = signal;
    presses(this.#older, () => this.#more());
  }

  /** Shows the newest entries. */
  async begin() {
    this.#rows = [];
    this.#before = "";
    await this.#more();
  }

  async #more() {
    const { entries, next_before: next } = await json(`admin/audit?limit=${PAGE}${this.#before}`, { signal: this.#signal });
    this.#rows = [...this.#rows, ...entries.map(row)];
    this.#place.replaceChildren(table(["keys.at", "keys.actor", "keys.action", "keys.target", "keys.details"], this.#rows));
    this.#before = `&before=${next}`;
    this.#older.hidden = next === null;
  }
}

function row({ at, actor, action, target, details }) {
  const when = new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "medium" }).format(at * 1000);
  return [when, actor, action, target, element("code", {}, Object.keys(details).length ? JSON.stringify(details) : "")];
}
