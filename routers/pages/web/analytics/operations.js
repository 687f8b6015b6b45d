/** Single operations of late: the slowest, the failed, the newest, or those of one request, with where their time went. */

import { presses, submits } from "../shared/actions.js";
import { json, quietly } from "../shared/server.js";
import { fail } from "../shared/notice.js";
import { number, text } from "../shared/texts.js";
import { legend, operation } from "./operation.js";
import { requestId } from "./why.js";

const ROWS = 10;
const MOST_ROWS = 200; // of one answer
const ORDERS = {
  slowest: { order: "slowest" },
  newest: { order: "newest" },
  failed: { order: "newest", status: "error" },
};

export class Operations {
  #list;
  #state;
  #form;
  #search;
  #signal;
  #more;
  #shown = {}; // what was asked for
  #limit = ROWS;
  #asking = new AbortController();
  #names = new Map(); // of keys, by their ids

  /** @param {HTMLElement} main @param {AbortSignal} signal of the page */
  constructor(main, signal) {
    this.#list = main.querySelector("#operations");
    this.#state = main.querySelector("#operations-state");
    this.#form = main.querySelector("#which");
    this.#search = main.querySelector("#find");
    this.#signal = signal;
    main.querySelector("#operations-legend").replaceChildren(legend());
    this.#form.addEventListener("change", () => this.#all().catch(fail));
    submits(this.#search, () => {
      const id = requestId(this.#search.elements.request.value);
      return id ? this.#one(id) : this.#all();
    });
    this.#more = main.querySelector("#operations-more");
    presses(this.#more, () => this.#show(this.#shown, MOST_ROWS));
    presses(main.querySelector("#find-none"), () => this.#all());
  }

  /** What the address asks for, else the slowest. */
  async load() {
    const id = requestId(new URLSearchParams(location.search).get("request") ?? "");
    await (id ? this.#one(id) : this.#wanted());
  }

  /** Looks again, unless somebody reads or works there. */
  async refresh() {
    if (!this.#isRead) await this.#show(this.#shown, this.#limit, () => !this.#isRead);
  }

  get #isRead() {
    return "request_id" in this.#shown || this.#list.querySelector("details[open]") !== null || this.#list.contains(document.activeElement);
  }

  #wished() {
    const { order, background } = this.#form.elements;
    return background.checked ? ORDERS[order.value] : { ...ORDERS[order.value], background: false };
  }

  async #all() {
    history.replaceState(null, "", location.pathname);
    this.#search.reset();
    await this.#wanted();
  }

  async #wanted() {
    const found = await this.#show(this.#wished());
    this.#state.textContent = found.length ? "" : text(`analytics.operations.none.${this.#form.elements.order.value}`);
  }

  async #one(id) {
    history.replaceState(null, "", `?request=${encodeURIComponent(id)}`);
    this.#search.elements.request.value = id;
    const found = await this.#show({ request_id: id, order: "newest" });
    this.#state.textContent = found.length ? text("analytics.operations.found", { count: number(found.length) }) : text("analytics.operations.unknown");
    const first = this.#list.querySelector("details");
    if (!first) return;
    first.open = true;
    first.querySelector("summary").focus();
  }

  /** Of two that are asked for at once, the later one is shown. */
  async #show(wished, limit = ROWS, mayShow = () => true) {
    this.#asking.abort();
    this.#asking = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#asking.signal]);
    [this.#shown, this.#limit] = [wished, limit];
    const query = new URLSearchParams({ ...wished, limit });
    const { operations, found } = await json(`analytics/operations?${query}`, { signal });
    await Promise.all(operations.map(({ key_id: id }) => this.#name(id)));
    signal.throwIfAborted();
    if (!mayShow()) return operations;
    const rows = operations.map((row) => operation(row, this.#names.get(row.key_id) ?? row.key_id ?? ""));
    this.#list.replaceChildren(...rows);
    this.#more.hidden = found <= operations.length || limit === MOST_ROWS;
    return operations;
  }

  async #name(id) {
    if (id === null || this.#names.has(id)) return;
    this.#names.set(id, id);
    const key = await quietly(`admin/keys/${encodeURIComponent(id)}`);
    if (key) this.#names.set(id, key.name);
  }
}
