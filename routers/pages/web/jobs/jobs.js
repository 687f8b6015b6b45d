/** Long work: books and recordings go in, and come out when they are done, over restarts of the server. */

import { presses, submits, watch } from "../shared/actions.js";
import { hasEnded } from "../shared/job.js";
import { json } from "../shared/server.js";
import { text } from "../shared/texts.js";
import { Card, nameOf } from "./card.js";
import { NewJob } from "./form.js";
import { Items } from "./items.js";

const EVERY_MS = 1000;
const LOOKS_AT_REST = 5; // one in so many, while no job runs
const LISTED = 50; // at first, and with each `Older`
const MOST_LISTED = 1000; // of one answer

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const page = new JobsPage(main, signal);
  await page.load();
}

class JobsPage {
  #main;
  #list;
  #signal;
  #items;
  #opened = "";
  #listed = LISTED;
  #resting = 0; // looks that are left out
  #cards = new Map();

  constructor(main, signal) {
    this.#main = main;
    this.#list = main.querySelector("#job-rows");
    this.#signal = signal;
    this.#items = new Items(main.querySelector("#items"), signal);
    const older = async () => {
      this.#listed = Math.min(MOST_LISTED, this.#listed + LISTED);
      await this.#look();
    };
    presses(main.querySelector("#jobs-older"), older);
  }

  async load() {
    const form = this.#main.querySelector("#new-job");
    const begin = new NewJob(form, this.#signal, (job) => this.#show(job));
    const start = () => {
      this.#resting = 0;
      return begin.begin();
    };
    submits(form, start);
    await begin.load();
    await watch(async () => this.#resting-- > 0 || (await this.#look()), EVERY_MS, this.#signal);
  }

  async #look() {
    const jobs = await json(`jobs?limit=${this.#listed}`, { signal: this.#signal });
    this.#resting = jobs.every(hasEnded) ? LOOKS_AT_REST - 1 : 0;
    const gone = new Set(this.#cards.keys());
    for (const job of jobs) {
      gone.delete(job.id);
      this.#show(job);
    }
    for (const id of gone) this.#remove(id);
    this.#main.querySelector("#jobs-none").hidden = jobs.length > 0;
    this.#main.querySelector("#jobs-older").hidden = jobs.length < this.#listed || this.#listed === MOST_LISTED;
  }

  #show(job) {
    if (!this.#cards.has(job.id)) this.#add(job);
    this.#cards.get(job.id).show(job);
    if (job.id === this.#opened) this.#items.refresh(job);
  }

  /** The newest stands first. */
  #add(job) {
    const card = new Card(job, this.#signal, { open: (shown) => this.#open(shown), changed: () => this.#look() });
    this.#cards.set(job.id, card);
    card.item.dataset.started = job.started;
    const older = [...this.#list.children].find((item) => Number(item.dataset.started) < job.started);
    this.#list.insertBefore(card.item, older ?? null);
  }

  #remove(id) {
    this.#cards.get(id).item.remove();
    this.#cards.delete(id);
    if (id === this.#opened) this.#close();
  }

  #open(job) {
    const card = this.#main.querySelector("#items-card");
    card.hidden = false;
    card.querySelector("h2").textContent = text("jobs.items_of", { name: nameOf(job) });
    this.#opened = job.id;
    this.#items.show(job);
    card.scrollIntoView({ block: "nearest" });
  }

  #close() {
    this.#opened = "";
    this.#main.querySelector("#items-card").hidden = true;
  }
}
