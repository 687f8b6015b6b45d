/** Voices of one's own: recorded or chosen, looked at, heard, compared and blended. */

import { submits } from "../shared/actions.js";
import { lacking } from "../shared/coming.js";
import { choices } from "../shared/dom.js";
import { KeyedList } from "../shared/keyed.js";
import { isHere } from "../shared/offered.js";
import { json } from "../shared/server.js";
import { language, list, text } from "../shared/texts.js";
import { offeredVoices } from "../shared/voices.js";
import { offerBlend } from "./blend.js";
import { card } from "./card.js";
import { offerComparison } from "./comparison.js";
import { Recorder } from "./recorder.js";

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const page = new VoicesPage(main, signal);
  offerForm(main.querySelector("#new-voice"), signal, () => page.look());
  offerComparison(main.querySelector("#compare"), signal);
  offerBlend(main.querySelector("#blend"), signal, () => page.look());
  await page.look();
}

class VoicesPage {
  #main;
  #signal;
  #library;
  #cloners;

  constructor(main, signal) {
    this.#main = main;
    this.#signal = signal;
    const again = () => this.look();
    this.#library = new KeyedList(main.querySelector("#library"), ({ id }) => id, (voice) => card(voice, signal, again));
    this.#cloners = new KeyedList(main.querySelector("#cloners"), ({ name }) => name, (engine) => ({ item: lacking(engine, signal, again) }));
  }

  /** Reads anew what there is. */
  async look() {
    const engines = await json("engines", { signal: this.#signal });
    this.#tellWhoClones(engines);
    const [{ voices }, offered] = [await json("v1/voices?limit=200", { signal: this.#signal }), await offeredVoices(engines, this.#signal)];
    this.#main.querySelector("#library-none").hidden = voices.length > 0;
    const byEase = easeOf(engines);
    const eased = [...offered].sort((one, other) => byEase(one) - byEase(other));
    this.#library.show(voices.map((voice) => ({ ...voice, spoken: spokenAs(voice, eased) })));
    this.#offerForComparison(offered);
  }

  #offerForComparison(offered) {
    const speaks = ({ languages }) => languages.some((tag) => tag.split("-")[0] === language);
    const sorted = [...offered.filter(speaks), ...offered.filter((voice) => !speaks(voice))]; // the words are the page's
    const named = sorted.map(({ id, name, engine }) => [`${engine}/${id}`, `${name} (${engine})`]);
    for (const select of this.#main.querySelectorAll("#compare select")) choices(select, named);
    const { other } = this.#main.querySelector("#compare").elements;
    if (other.selectedIndex === 0 && named.length > 1) other.selectedIndex = 1;
  }

  /** A recording is no voice before something speaks with it: says what does here, or brings what would. */
  #tellWhoClones(engines) {
    const able = engines.filter(({ abilities }) => abilities?.cloning);
    const here = able.filter(isHere);
    const place = this.#main.querySelector("#cloning");
    place.hidden = able.length === 0;
    place.classList.toggle("warning", here.length === 0);
    place.textContent = here.length ? text("voices.cloning.by", { engines: list(here.map(({ name }) => name)) }) : text("voices.cloning.none");
    this.#cloners.show(here.length ? [] : able.map(shownOf));
  }
}

/** What a row shows of an engine: it is made anew when that changes, not with each figure that is measured. */
function shownOf({ name, description, licence, state, needs, install, runs_in, download_bytes }) {
  return { name, description, licence, state, needs, install, runs_in, download_bytes };
}

/** Orders voices by their engines: those that are loaded, then those that have only to be, then those that fetch first. */
function easeOf(engines) {
  const known = new Map(engines.map(({ name, state, fetches }) => [name, state === "ready" ? 0 : fetches ? 2 : 1]));
  return ({ engine }) => known.get(engine);
}

/** Who speaks with a voice of the library, and by which name; null: nothing here does. */
function spokenAs({ id, name, source }, offered) {
  const found = offered.find((each) => (source === "blend" ? each.blend : each.reference) && [id, name].includes(each.id));
  return found ? { engine: found.engine, voice: found.id } : null;
}

function offerForm(form, signal, again) {
  const state = form.querySelector("#voice-state");
  const recorder = new Recorder(form, signal);
  const keep = async () => {
    state.textContent = "";
    if (recorder.recording === null) {
      state.textContent = text("voices.no_recording");
      return;
    }
    state.textContent = text("voices.looking");
    try {
      await json("v1/voices", { method: "POST", body: filled(form, recorder.recording), signal });
      form.reset();
      recorder.forget();
      await again();
    } finally {
      state.textContent = "";
    }
  };
  submits(form, keep);
}

/** @param {File} recording */
function filled(form, recording) {
  const body = new FormData();
  for (const name of ["name", "language", "tags", "transcript", "consent"]) {
    const value = form.elements[name].value.trim();
    if (value) body.append(name, value);
  }
  body.append("consent_date", new Date().toISOString().slice(0, 10));
  body.append("file", recording);
  return body;
}
