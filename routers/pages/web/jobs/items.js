/** The items of a job, of which there may be a hundred thousand: only those in sight are fetched and drawn. */

import { element } from "../shared/dom.js";
import { fail } from "../shared/notice.js";
import { json } from "../shared/server.js";
import { clock, number, text } from "../shared/texts.js";

const ROW = 36; // pixels, as in the style
const PAGE = 100;
const SPARE = 10; // rows above and below those in sight
const MOST_PAGES = 50; // in memory

export class Items {
  #box;
  #signal;
  #space = element("div", { class: "space", role: "presentation" });
  #pages = new Map();
  #rows = new Map(); // in sight, by their index
  #id = "";
  #total = 0;
  #sequence = null; // of the last change that was drawn
  #old = new Set(); // pages that may have changed since they were fetched
  #frame = 0;

  /** @param {HTMLElement} box that scrolls */
  constructor(box, signal) {
    this.#box = box;
    this.#signal = signal;
    box.append(this.#space);
    box.addEventListener("scroll", () => (this.#frame ||= requestAnimationFrame(() => this.#draw())), { passive: true });
  }

  show({ id, items, sequence }) {
    this.#id = id;
    this.#total = items.total;
    this.#sequence = sequence;
    this.#old.clear();
    this.#pages.clear();
    this.#rows.clear();
    this.#space.replaceChildren();
    this.#box.scrollTop = 0;
    this.#space.style.blockSize = `${this.#total * ROW}px`;
    this.#draw();
  }

  /** The job has come further: what is in sight is fetched anew, and the rest when it comes into sight. */
  refresh({ items, sequence }) {
    if (sequence === this.#sequence) return;
    this.#sequence = sequence;
    this.#total = items.total;
    this.#space.style.blockSize = `${this.#total * ROW}px`;
    this.#old = new Set(this.#pages.keys());
    this.#draw();
  }

  #draw() {
    this.#frame = 0;
    const first = Math.max(0, Math.floor(this.#box.scrollTop / ROW) - SPARE);
    const last = Math.min(this.#total, Math.ceil((this.#box.scrollTop + this.#box.clientHeight) / ROW) + SPARE);
    for (let page = Math.floor(first / PAGE); page * PAGE < last; page++) this.#fetch(page);
    for (const [index, row] of this.#rows) {
      if (index >= first && index < last) continue;
      row.remove();
      this.#rows.delete(index);
    }
    for (let index = first; index < last; index++) if (!this.#rows.has(index)) this.#add(index);
  }

  #add(index) {
    const row = this.#row(index);
    this.#rows.set(index, row);
    this.#space.append(row);
  }

  /** What was drawn of a page before it was there is drawn anew. */
  #redraw(page) {
    for (const [index, row] of this.#rows) {
      if (Math.floor(index / PAGE) !== page) continue;
      row.remove();
      this.#rows.delete(index);
    }
    this.#draw();
  }

  async #fetch(page) {
    const isOld = this.#old.delete(page);
    if (this.#pages.has(page) && !isOld) return;
    if (!isOld) this.#pages.set(page, []);
    if (this.#pages.size > MOST_PAGES) this.#pages.delete(this.#pages.keys().next().value);
    const id = this.#id;
    try {
      const found = await json(`jobs/${id}/items?after=${page * PAGE - 1}&limit=${PAGE}`, { signal: this.#signal });
      if (id !== this.#id) return;
      this.#pages.set(page, found.items);
      this.#redraw(page);
    } catch (error) {
      if (!isOld) this.#pages.delete(page);
      fail(error);
    }
  }

  #row(index) {
    const item = this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
    const state = element("span", { class: "state", "data-state": item?.state === "failed" ? "failed" : item?.state === "done" ? "ready" : "cold" });
    state.textContent = item ? text(`item.state.${item.state}`) : "…";
    const lasts = item?.seconds == null ? "" : clock(item.seconds);
    const words = [item?.name, item?.chapter_title, item?.error?.detail, item?.voice, lasts].filter(Boolean).join(" · ");
    const row = element("div", { class: "item", role: "listitem", "aria-posinset": index + 1, "aria-setsize": this.#total }, number(index + 1), state, element("span", { dir: "auto" }, words));
    row.style.insetBlockStart = `${index * ROW}px`;
    return row;
  }
}
