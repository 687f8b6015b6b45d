/** Voices between two voices, for engines that can blend. */

import { presses, submits } from "../shared/actions.js";
import { lacking } from "../shared/coming.js";
import { choices } from "../shared/dom.js";
import { fail } from "../shared/notice.js";
import { isHere } from "../shared/offered.js";
import { Player } from "../shared/player.js";
import { json, send } from "../shared/server.js";
import { number, text } from "../shared/texts.js";

/** @param {HTMLFormElement} form @param {() => Promise<void>} again */
export async function offerBlend(form, signal, again) {
  try {
    const able = (await json("engines", { signal })).filter(({ abilities }) => abilities?.blending);
    const engine = able.find(isHere);
    form.querySelector("#blend-help").textContent = text(engine ? "voices.blend.help" : "voices.blend.none");
    const place = form.querySelector("#blend-coming");
    const changed = () => offerBlend(form, signal, again).then(again);
    place.replaceChildren(...(engine ? [] : able.map((each) => lacking(each, signal, changed))));
    if (engine) await offer(form, engine, signal, again);
  } catch (error) {
    fail(error);
  }
}

async function offer(form, engine, signal, again) {
  const voices = await json(`voices?engine=${encodeURIComponent(engine.name)}`, { signal });
  const { one, other, share, name } = form.elements;
  for (const select of [one, other]) choices(select, voices.filter(({ reference, blend }) => !reference && !blend).map((voice) => [voice.id, voice.name]));
  other.selectedIndex = Math.min(1, other.length - 1);
  for (const part of ["#blend-fields", "#blend-buttons", "[name=share]"]) form.querySelector(part).hidden = false;
  const show = () => {
    form.querySelector("#share-one").textContent = number(1 - share.valueAsNumber / 100, { style: "percent" });
    form.querySelector("#share-other").textContent = number(share.valueAsNumber / 100, { style: "percent" });
  };
  share.addEventListener("input", show);
  show();
  const formula = () => `${one.value}(${((100 - share.valueAsNumber) / 100).toFixed(2)})+${other.value}(${(share.valueAsNumber / 100).toFixed(2)})`;
  const player = new Player(signal);
  const state = form.querySelector("#blend-state");
  const hear = async () => {
    state.textContent = text("speak.waiting");
    try {
      const answer = await send("tts", { text: text("voices.compare.text"), engine: engine.name, voice: formula() }, { signal });
      await player.play(await answer.blob());
    } finally {
      state.textContent = "";
    }
  };
  submits(form, hear);
  presses(form.querySelector("#blend-keep"), async () => {
    state.textContent = "";
    await keep(name.value.trim(), formula(), signal);
    name.value = "";
    state.textContent = text("voices.blend.kept");
    await again();
  });
}

async function keep(name, formula, signal) {
  const body = new FormData();
  body.append("name", name || formula);
  body.append("blend", formula);
  await json("v1/voices", { method: "POST", body, signal });
}
