/** Voices of one's own: recorded or chosen, looked at, heard, compared and blended. */

import { onceAtATime } from "../shared/actions.js";
import { choices } from "../shared/dom.js";
import { json } from "../shared/server.js";
import { language, list, text } from "../shared/texts.js";
import { offeredVoices } from "../shared/voices.js";
import { offerBlend } from "./blend.js";
import { card } from "./card.js";
import { offerComparison } from "./comparison.js";
import { Recorder } from "./recorder.js";

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const again = () => load(main, signal, again);
  offerForm(main.querySelector("#new-voice"), signal, again);
  offerComparison(main.querySelector("#compare"), signal);
  offerBlend(main.querySelector("#blend"), signal, again);
  signal.addEventListener("abort", () => silence(main));
  await again();
}

async function load(main, signal, again) {
  const { voices } = await json("v1/voices?limit=200", { signal });
  main.querySelector("#library-none").hidden = voices.length > 0;
  const library = main.querySelector("#library");
  silence(library);
  library.replaceChildren(...voices.map((voice) => card(voice, signal, again)));
  const engines = await json("engines", { signal });
  const there = new Set(engines.filter(({ state }) => state !== "not_installed").map(({ name }) => name));
  tellWhoClones(main, engines, there);
  const voicesHere = await offeredVoices(engines, signal);
  const speaks = ({ languages }) => languages.some((tag) => tag.split("-")[0] === language);
  const sorted = [...voicesHere.filter(speaks), ...voicesHere.filter((voice) => !speaks(voice))]; // the words are the page's
  const named = sorted.map(({ id, name, engine }) => [`${engine}/${id}`, `${name} (${engine})`]);
  for (const select of main.querySelectorAll("#compare select")) choices(select, named);
  const { other } = main.querySelector("#compare").elements;
  if (other.selectedIndex === 0 && named.length > 1) other.selectedIndex = 1;
}

/** A recording is no voice before something speaks with it: says what does here, or what would. */
function tellWhoClones(main, engines, there) {
  const able = engines.filter(({ abilities }) => abilities?.cloning).map(({ name }) => name);
  const here = able.filter((name) => there.has(name));
  const place = main.querySelector("#cloning");
  place.hidden = able.length === 0;
  place.classList.toggle("warning", here.length === 0);
  place.querySelector("span").textContent = text(here.length ? "voices.cloning.by" : "voices.cloning.none", { engines: list(here.length ? here : able) });
  place.querySelector("a").hidden = here.length > 0;
}

/** Sounds of cards that go are given back. */
function silence(library) {
  for (const player of library.querySelectorAll("audio[src]")) {
    player.pause();
    URL.revokeObjectURL(player.src);
  }
}

function offerForm(form, signal, again) {
  const state = form.querySelector("#voice-state");
  const recorder = new Recorder(form, signal);
  const keep = async () => {
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
  form.addEventListener("submit", onceAtATime(keep));
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
