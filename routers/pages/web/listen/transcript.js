/** What a recording or the microphone says: segments with times and speakers, which can be heard, edited and taken along. */

import { action } from "../shared/actions.js";
import { choices, element, save } from "../shared/dom.js";
import { worded } from "../shared/notice.js";
import { clock, number, text } from "../shared/texts.js";
import { labelled } from "./apart.js";
import { heard } from "./hearing.js";
import { FORMATS, written } from "./writing.js";

const COLOURS = 6; // of speakers, as in the style
const OF_THE_FILE = new Set(["undecodable_audio", "audio_too_long", "payload_too_large"]); // refusals that another try, or another engine, meets again
const SOUND = "wav";

export class Transcript {
  #name;
  #told;
  #state = element("p", { class: "soft", role: "status" });
  #player = element("audio", { controls: true, preload: "metadata", hidden: true });
  #list = element("ol", { class: "segments" });
  #tools = element("p", { class: "buttons" });
  #bar = element("progress", { max: 1, hidden: true, "aria-label": text("job.progress") });
  #sound = null; // File
  #work = null; // AbortController, while it is being written down
  #segments = [];
  #speakers = [];
  #isWaiting = true; // for its turn
  #summary = ""; // of how it was written down
  #isEdited = false;
  #isLive = false; // its sound is nowhere else
  #isTaken = true; // along, as it stands now

  /**
   * @param {string} name
   * @param {{choose: () => {engine: string, language: string, speakers: boolean}, leads: () => boolean, changed: () => void, removed: () => void}} told
   * `choose` is asked anew for each try; `leads` somebody to the model that tells speakers apart, where it is missing
   */
  constructor(name, told) {
    this.#name = name;
    this.#told = told;
    this.item = element("section", { class: "card", "aria-label": name }, element("h2", { dir: "auto" }, name), this.#state, this.#bar, this.#player, this.#list, this.#tools);
    this.#player.addEventListener("timeupdate", () => this.#follow());
    this.#tell(text("listen.waiting"));
    this.#offer();
  }

  get isUnfinished() {
    return this.#isWaiting || this.#work !== null;
  }

  /** There are words that were not taken along. */
  get isUnsaved() {
    return !this.#isTaken;
  }

  /** What nobody can have again: corrections, and the sound of a microphone. */
  get isSingular() {
    return !this.#isTaken && (this.#isEdited || (this.#isLive && this.#sound !== null));
  }

  /** What can be kept of it as words. */
  get kept() {
    const segments = this.#segments.map(({ start, end, text, speaker }) => ({ start, end, text, speaker }));
    return { name: this.#name, state: this.#summary, segments, isEdited: this.#isEdited, isLive: this.#isLive, isTaken: this.#isTaken };
  }

  /** As it was when it was kept, without its sound. */
  restore({ state, segments, isEdited, isLive, isTaken }) {
    this.#isWaiting = false;
    this.#isEdited = isEdited;
    this.#isLive = isLive;
    this.#show(segments);
    this.#isTaken = isTaken;
    this.#sum(state);
  }

  /** What the microphone heard. @param {object[]} segments @param {File} sound @param {string} state in words */
  hold(segments, sound, state) {
    this.#isWaiting = false;
    this.#isLive = true;
    this.#hearable(sound);
    this.#show(segments);
    this.#sum(state);
    this.#told.changed();
  }

  /** Writes a recording down. Why that failed stands in the card. @param {File} sound */
  hear(sound) {
    this.#hearable(sound);
    return this.#working(text("home.hear.reading", { name: this.#name }), async (signal) => {
      this.#show([]);
      this.#summary = "";
      const started = performance.now();
      const whole = await heard(sound, this.#told.choose(), signal, (segment) => this.#found(segment));
      this.#show(whole.segments);
      this.#sum(summary(whole, (performance.now() - started) / 1000));
    }, () => this.hear(sound));
  }

  /** Tells apart who speaks. Words that were edited stay as they are; others are heard anew, in turns of one speaker each. */
  tellApart() {
    if (this.#told.leads()) return null;
    return this.#working(text("listen.telling"), async (signal) => {
      const started = performance.now();
      const whole = await heard(this.#sound, { ...this.#told.choose(), speakers: true }, signal, () => {});
      this.#show(this.#isEdited ? labelled(this.#segments, whole.segments) : whole.segments);
      this.#sum(summary(whole, (performance.now() - started) / 1000));
    }, () => this.tellApart());
  }

  /** Nothing goes on any more, and its sound is given back. */
  end() {
    this.#work?.abort();
    this.#player.pause();
    URL.revokeObjectURL(this.#player.src);
    this.#sound = null;
    this.item.remove();
  }

  async #working(words, work, again) {
    this.#work?.abort();
    this.#isWaiting = false;
    const own = (this.#work = new AbortController());
    this.#tell(words);
    this.#bar.removeAttribute("value");
    this.#bar.hidden = false;
    this.#offer();
    let more = [];
    try {
      await work(own.signal);
    } catch (error) {
      const { words, page } = reason(error);
      this.#tell([this.#summary, own.signal.aborted ? text("job.state.cancelled") : words].filter(Boolean).join(" · "));
      if (!OF_THE_FILE.has(error.code)) more = [action("listen.again", again)];
      if (page) more.push(element("a", { class: "plain", href: page, "data-page": page }, text(`nav.${page}`)));
    } finally {
      if (this.#work === own) {
        this.#work = null;
        this.#bar.hidden = true;
        this.#offer(more);
        this.#told.changed();
      }
    }
  }

  #sum(words) {
    this.#summary = words;
    this.#tell(words);
  }

  #tell(words) {
    this.#state.textContent = words;
  }

  /** A segment of a recording that is still being heard. */
  #found(segment) {
    this.#segments.push(segment);
    this.#list.append(this.#row(segment));
    this.#isTaken = false;
    const { duration } = this.#player;
    if (duration > 0) this.#bar.value = Math.min(1, segment.end / duration);
  }

  /** Those that stand there already stay: somebody may be writing in one. */
  #show(segments) {
    this.#speakers = [...new Set(segments.map(({ speaker }) => speaker).filter(Boolean))];
    const areThere = segments.length === this.#segments.length && segments.every((segment, index) => segment === this.#segments[index]);
    this.#segments = segments.slice();
    if (!areThere) this.#list.replaceChildren(...segments.map((segment) => this.#row(segment)));
    this.#isTaken = segments.length === 0;
    this.#offer();
  }

  #row(segment) {
    const at = element("button", { class: "time", type: "button", title: text("listen.play_from"), disabled: this.#sound === null }, clock(segment.start));
    at.addEventListener("click", () => {
      this.#player.currentTime = segment.start;
      this.#player.play();
    });
    const words = element("span", { contentEditable: "plaintext-only", dir: "auto", role: "textbox", "aria-label": text("listen.edit") }, segment.text.trim());
    words.addEventListener("input", () => {
      segment.text = words.textContent;
      this.#isEdited = true;
      this.#isTaken = false;
      this.#told.changed();
    });
    const speaker = segment.speaker ? element("span", { class: "speaker", "data-colour": this.#speakers.indexOf(segment.speaker) % COLOURS }, segment.speaker) : "";
    return element("li", {}, at, speaker, words);
  }

  /** What can be done with it now. @param {HTMLElement[]} more */
  #offer(more = []) {
    const offered = [...more];
    if (this.#work) offered.push(action("job.cancel", async () => this.#work?.abort()));
    else {
      if (this.#segments.length > 0 || this.#isLive) offered.unshift(...this.#takings());
      if (this.#segments.length > 0 && this.#sound && this.#speakers.length === 0) offered.push(action("listen.speakers", () => this.tellApart()));
      if (this.#segments.length === 0 && this.#sound && this.#isLive && more.length === 0) offered.push(action("listen.again", () => this.hear(this.#sound)));
      offered.push(action("job.remove", async () => this.#removed()));
    }
    this.#tools.replaceChildren(...offered);
  }

  #takings() {
    const format = element("select", { "aria-label": text("speak.format") });
    const sound = this.#isLive && this.#sound ? [SOUND] : []; // others have theirs
    choices(format, [...(this.#segments.length > 0 ? FORMATS : []), ...sound].map((name) => [name, name.toUpperCase()]));
    const take = async () => {
      const isSound = format.value === SOUND;
      const data = isSound ? this.#sound : new Blob([written(this.#segments, format.value)], { type: "text/plain;charset=utf-8" });
      save(data, `${this.#name.replace(/\.\w+$/, "").replaceAll(/[\\/:*?"<>|,]+\s*/g, "-")}.${format.value}`);
      if (!isSound) this.#isTaken = true;
      this.#told.changed();
    };
    return format.length > 0 ? [format, action("speak.download", take)] : [];
  }

  #removed() {
    if (this.isUnsaved && !confirm(text("listen.remove.sure", { name: this.#name }))) return;
    this.end();
    this.#told.removed();
  }

  /** Browsers play most of what the server reads; what they cannot play stays a transcript. */
  #hearable(sound) {
    if (this.#sound === sound) return; // it is heard again
    this.#sound = sound;
    this.#player.addEventListener("loadedmetadata", () => (this.#player.hidden = false), { once: true });
    this.#player.src = URL.createObjectURL(sound);
  }

  #follow() {
    const now = this.#player.currentTime;
    const current = this.#segments.findLastIndex(({ start }) => start <= now);
    [...this.#list.children].forEach((row, index) => row.toggleAttribute("data-now", index === current));
  }
}

function summary({ segments, duration, language, warnings = [] }, seconds) {
  if (segments.length === 0) return text("home.hear.silence");
  const took = number(seconds, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  return [duration ? clock(duration) : "", language ?? "", text("listen.took", { seconds: took }), ...warnings].filter(Boolean).join(" · ");
}

/** Why it failed, in one line, and the page that something can be done on. @returns {{words: string, page?: string}} */
function reason(error) {
  const [title, words, { page } = {}] = worded(error);
  return { words: `${title.replace(/\.$/, "")}: ${words}`, page };
}
