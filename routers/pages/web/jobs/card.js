/** One job in the list. Its element stays while its state changes, so that focus stays too. */

import { action } from "../shared/actions.js";
import { element } from "../shared/dom.js";
import { described, hasEnded } from "../shared/job.js";
import { json, request } from "../shared/server.js";
import { text } from "../shared/texts.js";
import { takings } from "./takings.js";

export function nameOf({ subject, id }) {
  return subject || id;
}

export class Card {
  #bar = element("progress", { max: 1 });
  #words = element("p", { class: "soft", role: "status" });
  #buttons = element("div", { class: "buttons" });
  #signal;
  #told;
  #job;
  #shown = "";

  /** @param {{open: (job: object) => void, changed: () => Promise<void>}} told */
  constructor(job, signal, told) {
    this.#signal = signal;
    this.#told = told;
    const head = element("h3", { dir: "auto" }, nameOf(job), " ", element("span", { class: "soft" }, text(`job.kind.${job.kind}`)));
    this.#bar.setAttribute("aria-label", nameOf(job));
    this.item = element("li", { "data-job": job.id }, element("div", {}, head, this.#bar, this.#words), this.#buttons);
  }

  show(job) {
    this.#job = job;
    this.#bar.hidden = hasEnded(job);
    if (job.part == null) this.#bar.removeAttribute("value");
    else this.#bar.value = job.part;
    const words = described(job);
    if (this.#words.textContent !== words) this.#words.textContent = words;
    const now = `${job.state} ${job.items?.failed ?? 0} ${job.items?.done > 0} ${job.items?.done === job.items?.total}`;
    if (now !== this.#shown) this.#buttons.replaceChildren(...this.#offered(job));
    this.#shown = now;
  }

  #offered({ id, state, items }) {
    const post = (name) => () => json(`jobs/${id}/${name}`, { method: "POST", signal: this.#signal });
    const remove = (query) => () => request(`jobs/${id}${query}`, { method: "DELETE", signal: this.#signal });
    const ended = hasEnded({ state });
    const offered = [];
    if (items && state === "running") offered.push(this.#button("job.pause", post("pause")));
    if (state === "paused") offered.push(this.#button("job.resume", post("resume")));
    if (items?.failed && ended) offered.push(this.#button("job.retry", post("retry")));
    if (!ended) offered.push(this.#button("job.cancel", remove("")));
    if (items) offered.push(this.#button("job.show_items", async () => this.#told.open(this.#job)));
    if (items?.done) offered.push(takings(() => this.#job, this.#signal));
    if (items && ended) offered.push(this.#button("job.remove", remove("?remove=true")));
    return offered;
  }

  #button(name, work) {
    return action(name, async () => {
      await work();
      await this.#told.changed();
    });
  }
}
