/** Long work: books and recordings go in, and come out when they are done, over restarts of the server. */

import { action, takesDrops, watch } from "../shared/actions.js";
import { choices, element } from "../shared/dom.js";
import { described, hasEnded } from "../shared/job.js";
import { fail } from "../shared/notice.js";
import { json, request } from "../shared/server.js";
import { text } from "../shared/texts.js";
import { takings } from "./takings.js";
import { Items } from "./items.js";

const AUDIO = /^(audio|video)\//;
const EVERY_MS = 1000;

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
  #cards = new Map();

  constructor(main, signal) {
    this.#main = main;
    this.#list = main.querySelector("#job-rows");
    this.#signal = signal;
    this.#items = new Items(main.querySelector("#items"), signal);
    const form = main.querySelector("#new-job");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#begin(form).catch(fail);
    });
    takesDrops(form, (files) => (form.elements.file.files = files));
  }

  async load() {
    const voices = await json("voices", { signal: this.#signal });
    const { voice } = this.#main.querySelector("#new-job").elements;
    choices(voice, [["", text("speak.automatic")], ...voices.map(({ id, name, engine }) => [id, `${name} (${engine})`])]);
    await watch(() => this.#look(), EVERY_MS, this.#signal);
  }

  async #look() {
    const jobs = await json("jobs", { signal: this.#signal });
    const gone = new Set(this.#cards.keys());
    for (const job of jobs.reverse()) {
      gone.delete(job.id);
      this.#show(job);
    }
    for (const id of gone) this.#remove(id);
    this.#main.querySelector("#jobs-none").hidden = jobs.length > 0;
  }

  async #begin(form) {
    const state = form.querySelector("#new-state");
    const { file, voice, format, captions } = form.elements;
    const recordings = [...file.files].every(({ type }) => AUDIO.test(type));
    state.textContent = text("jobs.sending");
    try {
      const jobs = recordings ? [transcription(file.files)] : [...file.files].map((book) => speech(book, voice.value, format.value, captions.checked));
      for (const { path, body } of jobs) this.#show(await json(path, { method: "POST", body, signal: this.#signal }));
      form.reset();
    } finally {
      state.textContent = "";
    }
  }

  #show(job) {
    if (!this.#cards.has(job.id)) {
      const card = new Card(job, this.#signal, { open: (shown) => this.#open(shown), changed: () => this.#look() });
      this.#cards.set(job.id, card);
      this.#list.prepend(card.item);
    }
    this.#cards.get(job.id).show(job);
  }

  #remove(id) {
    this.#cards.get(id).item.remove();
    this.#cards.delete(id);
  }

  #open(job) {
    const card = this.#main.querySelector("#items-card");
    card.hidden = false;
    card.querySelector("h2").textContent = text("jobs.items_of", { name: nameOf(job) });
    this.#items.show(job);
    card.scrollIntoView({ block: "nearest" });
  }
}

function speech(file, voice, format, captions) {
  const body = new FormData();
  body.append("format", format);
  if (voice) body.append("voice", voice);
  if (captions) body.append("captions", "true");
  body.append("file", file);
  return { path: "jobs/speech", body };
}

function transcription(files) {
  const body = new FormData();
  for (const file of files) body.append("file", file);
  return { path: "jobs/transcription", body };
}

function nameOf({ subject, name, id }) {
  return name || subject || id;
}

/** One job. Its element stays while its state changes, so that focus stays too. */
class Card {
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
    const head = element("h3", {}, nameOf(job), " ", element("span", { class: "soft" }, text(`job.kind.${job.kind}`)));
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
    const now = `${job.state} ${job.items?.failed ?? 0} ${job.items?.done > 0}`;
    if (now !== this.#shown) this.#buttons.replaceChildren(...this.#offered(job));
    this.#shown = now;
  }

  #offered({ id, state, items }) {
    const post = (action) => () => json(`jobs/${id}/${action}`, { method: "POST", signal: this.#signal });
    const remove = (query) => () => request(`jobs/${id}${query}`, { method: "DELETE", signal: this.#signal });
    const ended = hasEnded({ state });
    const offered = [];
    if (items && state === "running") offered.push(this.#button("job.pause", post("pause")));
    if (state === "paused") offered.push(this.#button("job.resume", post("resume")));
    if (items?.failed && ended) offered.push(this.#button("job.retry", post("retry")));
    if (!ended) offered.push(this.#button("job.cancel", remove("")));
    if (items) offered.push(this.#button("job.show_items", async () => this.#told.open(this.#job)));
    if (items?.done) offered.push(takings(this.#job, this.#signal));
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
