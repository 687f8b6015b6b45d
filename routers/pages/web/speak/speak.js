/** Text into speech: with every parameter that an engine has, read along while it is said, kept to hear and take again. */

import { keepsDraft } from "../shared/draft.js";
import { fail, show } from "../shared/notice.js";
import { Speech } from "../shared/speech.js";
import { text } from "../shared/texts.js";
import { wave } from "../shared/wave.js";
import { History } from "./history.js";
import { Late } from "./late.js";
import { Parameters } from "./parameters.js";
import { Reading } from "./reading.js";
import { offerSnippets } from "./snippets.js";
import { Wave } from "./wave.js";

const MOST_SOUND_SECONDS = 900; // of one text that are kept in the browser

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const page = new SpeakPage(main, signal);
  await page.load();
}

class SpeakPage {
  #form;
  #state;
  #button;
  #speech;
  #reading;
  #wave;
  #parameters;
  #history;
  #late;
  #keepText;
  #turn = 0; // counts what was said: of two, the later one is shown

  constructor(main, signal) {
    this.#form = main.querySelector("#speak");
    this.#state = main.querySelector("#speak-state");
    this.#button = main.querySelector("#speak-button");
    this.#keepText = keepsDraft(this.#form.elements.text, "speak");
    this.#speech = new Speech(signal);
    this.#reading = new Reading(main.querySelector("#reading"), this.#form.elements.text, () => this.#speech.position, Speech.RATE);
    this.#wave = new Wave(main.querySelector("#wave"));
    this.#parameters = new Parameters(this.#form, signal);
    this.#history = new History(main, signal, (wanted) => this.#again(wanted));
    this.#late = new Late(main.querySelector("#speak-why"));
    offerSnippets(main, () => this.#wanted());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#speech.isSpeaking) this.#speech.stop();
      else this.#speak(this.#wanted());
    });
    this.#form.elements.text.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
  }

  async load() {
    this.#speech.prepare();
    await this.#parameters.load();
    await this.#history.load();
  }

  #wanted() {
    return { text: this.#form.elements.text.value, ...this.#parameters.chosen };
  }

  #again(wanted) {
    this.#form.elements.text.value = wanted.text;
    this.#keepText();
    if (this.#speech.isSpeaking) this.#speech.stop();
    this.#speak(wanted);
  }

  async #speak(wanted) {
    const turn = ++this.#turn;
    this.#state.textContent = text("speak.waiting");
    this.#button.textContent = text("speak.stop");
    this.#late.begin();
    this.#wave.begin();
    this.#reading.begin(wanted.text);
    try {
      await this.#say(wanted);
    } catch (error) {
      fail(error);
    } finally {
      if (turn === this.#turn) this.#rest();
    }
  }

  #rest() {
    this.#reading.end();
    this.#state.textContent = "";
    this.#button.textContent = text("speak.button");
  }

  async #say(wanted) {
    const said = { wanted, engine: "", voice: "", seconds: 0 };
    const sound = this.#history.keepsSound ? [] : null;
    try {
      await this.#heard(wanted, said, sound);
    } finally {
      // A connection that breaks takes nothing away of what was heard.
      const isWhole = sound !== null && said.seconds < MOST_SOUND_SECONDS;
      if (said.seconds > 0) await this.#history.add(isWhole ? { ...said, sound: wave(sound, Speech.RATE) } : said);
    }
  }

  #heard(wanted, said, sound) {
    return this.#speech.speak(wanted, {
      begin: ({ engine, voice, request_id: requestId, warnings = [] }) => {
        this.#late.by(requestId);
        Object.assign(said, { engine, voice });
        this.#state.textContent = [text("speak.by", { voice: `${voice}, ${engine}` }), ...warnings].join(" · ");
      },
      whole: () => {
        this.#reading.whole();
        if (said.seconds === 0) show(text("speak.nothing.title"), text("speak.nothing.next"));
      },
      piece: (piece) => this.#reading.piece(piece),
      words: (words) => this.#reading.words(words),
      audio: (pcm) => {
        this.#late.heard();
        said.seconds += pcm.length / Speech.RATE;
        if (said.seconds < MOST_SOUND_SECONDS) sound?.push(pcm);
        this.#wave.add(pcm);
        this.#reading.audio(pcm);
      },
    });
  }
}
