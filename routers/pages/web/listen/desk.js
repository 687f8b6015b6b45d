/**
 * What was written down, for as long as the tab is open: it stays, and goes on, while other pages are shown. Its words, with
 * their corrections, come back after a reload, as far as the tab's storage goes; sounds do not.
 */

import { keptForTab } from "../shared/kept.js";
import { onKeyLeft } from "../shared/server.js";
import { Transcript } from "./transcript.js";

const KEPT = "stts.transcripts";
const MOST = 20; // that are kept, the newest
const MOST_CHARACTERS = 1_500_000; // of all of them: browsers give a tab five million
const AFTER_MS = 500; // without a change

class Desk {
  #transcripts = []; // the newest first
  #unkept = new Set(); // there was no room for them
  #queue = Promise.resolve();
  #timer = 0;
  #choose = () => ({ engine: "auto", language: "", speakers: false });
  #leads = () => false;

  constructor() {
    for (const kept of keptForTab.readJson(KEPT, []).reverse()) this.#put(kept.name).restore(kept);
    window.addEventListener("pagehide", () => this.#keep());
    window.addEventListener("beforeunload", (event) => this.#isLost() && event.preventDefault());
    onKeyLeft(() => this.#forget());
  }

  /** Cards, the newest first. */
  get items() {
    return this.#transcripts.map(({ item }) => item);
  }

  /** @param {() => {engine: string, language: string, speakers: boolean}} choose what is chosen on the page now
   * @param {() => boolean} leads to the model that tells speakers apart; whether it is missing */
  chosenBy(choose, leads) {
    this.#choose = choose;
    this.#leads = leads;
  }

  /** Recordings are written down one after the other. @param {File} file @returns {HTMLElement} */
  hear(file) {
    const transcript = this.#put(file.name);
    this.#then(transcript, () => transcript.hear(file));
    return transcript.item;
  }

  /** @param {object[]} segments that the microphone heard @param {File} sound @param {string} state in words @returns {HTMLElement} */
  hold(name, segments, sound, state) {
    const transcript = this.#put(name);
    transcript.hold(segments, sound, state);
    if (segments.length > 0 && this.#choose().speakers) this.#then(transcript, () => transcript.tellApart());
    return transcript.item;
  }

  #put(name) {
    const transcript = new Transcript(name, { choose: () => this.#choose(), leads: () => this.#leads(), changed: () => this.#changed(), removed: () => this.#removed(transcript) });
    this.#transcripts.unshift(transcript);
    return transcript;
  }

  #then(transcript, work) {
    this.#queue = this.#queue.then(() => this.#transcripts.includes(transcript) && work());
  }

  #removed(transcript) {
    this.#transcripts = this.#transcripts.filter((each) => each !== transcript);
    this.#changed();
  }

  #changed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#keep(), AFTER_MS);
  }

  /** As many of the newest as there is room for. */
  #keep() {
    clearTimeout(this.#timer);
    const worded = this.#transcripts.filter(({ kept }) => kept.segments.length > 0);
    let characters = 0;
    const fitting = worded.slice(0, MOST).filter(({ kept }) => (characters += JSON.stringify(kept).length) <= MOST_CHARACTERS);
    const isDone = keptForTab.write(KEPT, fitting.length > 0 ? JSON.stringify(fitting.map(({ kept }) => kept)) : null);
    this.#unkept = new Set(isDone ? worded.filter((each) => !fitting.includes(each)) : worded);
  }

  /** Whether something would be, were this document closed now. */
  #isLost() {
    this.#keep();
    return this.#transcripts.some((each) => each.isUnfinished || each.isSingular || (each.isUnsaved && this.#unkept.has(each)));
  }

  /** What was written down with a key goes with it. */
  #forget() {
    for (const transcript of this.#transcripts.splice(0)) transcript.end();
    this.#keep();
  }
}

export const desk = new Desk();
