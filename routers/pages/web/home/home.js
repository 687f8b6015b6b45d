/** The front page: one box that speaks, one that listens, and what is running. */

import { watch } from "../shared/actions.js";
import { Dictation } from "../shared/dictation.js";
import { element } from "../shared/dom.js";
import { keepsDraft } from "../shared/draft.js";
import { fail } from "../shared/notice.js";
import { isHere, stateOf } from "../shared/offered.js";
import { json } from "../shared/server.js";
import { Speech } from "../shared/speech.js";
import { bytes, number, text } from "../shared/texts.js";

const EVERY_MS = 5000;

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  speakBox(main, signal);
  listenBox(main, signal);
  await watch(() => showState(main, signal), EVERY_MS, signal);
}

function speakBox(main, signal) {
  const form = main.querySelector("#say");
  const state = main.querySelector("#say-state");
  const button = main.querySelector("#say-button");
  const speech = new Speech(signal);
  keepsDraft(form.elements.text, "home");
  const say = async () => {
    state.textContent = text("speak.waiting");
    button.textContent = text("speak.stop");
    try {
      await speech.speak({ text: form.elements.text.value }, { begin: ({ voice }) => (state.textContent = text("speak.by", { voice })) });
      state.textContent = "";
    } catch (error) {
      state.textContent = "";
      fail(error);
    } finally {
      button.textContent = text("home.say.button");
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (speech.isSpeaking) speech.stop();
    else say();
  });
}

function listenBox(main, signal) {
  const button = main.querySelector("#hear-button");
  const words = main.querySelector("#heard");
  const level = main.querySelector("#hear-level");
  const dictation = new Dictation(signal, {
    text: (sure, tail) => words.replaceChildren(sure, element("span", { class: "said" }, tail)),
    level: (value) => (level.value = value),
    end: (error) => {
      pressed(false);
      if (error) fail(error);
    },
  });
  const pressed = (on) => {
    button.setAttribute("aria-pressed", String(on));
    button.textContent = text(on ? "home.hear.stop" : "home.hear.button");
  };
  button.addEventListener("click", async () => {
    const on = !dictation.isOn;
    pressed(on);
    try {
      await (on ? dictation.start() : dictation.stop());
    } catch (error) {
      pressed(false);
      fail(error);
    }
  });
  main.querySelector("#hear-file").addEventListener("change", ({ target }) => transcribe(target, words, signal).catch(fail));
}

/** @param {HTMLInputElement} input with the recording */
async function transcribe(input, words, signal) {
  const [file] = input.files;
  if (!file) return;
  words.textContent = text("home.hear.reading", { name: file.name });
  const body = new FormData();
  body.append("file", file);
  input.value = "";
  try {
    const heard = await json("stt", { method: "POST", body, signal });
    words.textContent = heard.text || text("home.hear.silence");
  } catch (error) {
    words.textContent = "";
    throw error;
  }
}

async function showState(main, signal) {
  const engines = await json("engines", { signal });
  const there = engines.filter(isHere);
  const ready = there.filter(({ state }) => state === "ready").length;
  const figures = [
    ["home.engines", text("home.engines.ready", { ready: number(ready), all: number(there.length) })],
    ["home.requests", number(sum(there, ({ measured }) => measured.requests))],
    ["home.working", number(sum(there, ({ running }) => running))],
    ["home.memory", bytes(sum(there, ({ memory_bytes: memory }) => memory))],
  ];
  const pairs = figures.map(([name, value]) => element("div", {}, element("dt", {}, text(name)), element("dd", {}, value)));
  main.querySelector("#figures").replaceChildren(...pairs);
  main.querySelector("#engines").replaceChildren(...there.map(row));
}

function row(engine) {
  const { name, kind, state, measured, memory_bytes: memory } = engine;
  const first = measured.first_seconds === null ? "–" : `${number(measured.first_seconds * 1000, { maximumFractionDigits: 0 })} ms`;
  const mark = element("span", { class: "state", "data-state": state }, stateOf(engine));
  const words = [name, element("span", { class: "soft" }, text(`kind.${kind}`))];
  const figures = [first, memory ? bytes(memory) : "–"].map((figure) => element("td", { class: "roomy" }, figure));
  return element("tr", {}, element("td", { class: "named" }, ...words), element("td", {}, mark), ...figures);
}

function sum(items, value) {
  return items.reduce((total, item) => total + value(item), 0);
}
