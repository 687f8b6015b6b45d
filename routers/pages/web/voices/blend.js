/** Voices between two voices, for engines that can blend. */

import { onceAtATime } from "../shared/actions.js";
import { choices } from "../shared/dom.js";
import { fail } from "../shared/notice.js";
import { json, send } from "../shared/server.js";
import { number, text } from "../shared/texts.js";

/** @param {HTMLFormElement} form @param {() => Promise<void>} again */
export async function offerBlend(form, signal, again) {
  try {
    const engines = await json("engines", { signal });
    const engine = engines.find(({ abilities, state }) => abilities?.blending && state !== "not_installed");
    if (engine) await offer(form, engine, signal, again);
    else form.querySelector("#blend-help").textContent = text("voices.blend.none");
  } catch (error) {
    fail(error);
  }
}

async function offer(form, engine, signal, again) {
  const voices = await json(`voices?engine=${encodeURIComponent(engine.name)}`, { signal });
  const { one, other, share, name } = form.elements;
  for (const select of [one, other]) choices(select, voices.filter(({ reference }) => !reference).map((voice) => [voice.id, voice.name]));
  other.selectedIndex = Math.min(1, other.length - 1);
  for (const part of ["#blend-fields", "#blend-buttons", "[name=share]"]) form.querySelector(part).hidden = false;
  const show = () => {
    form.querySelector("#share-one").textContent = number(1 - share.valueAsNumber / 100, { style: "percent" });
    form.querySelector("#share-other").textContent = number(share.valueAsNumber / 100, { style: "percent" });
  };
  share.addEventListener("input", show);
  show();
  const formula = () => `${one.value}(${((100 - share.valueAsNumber) / 100).toFixed(2)})+${other.value}(${(share.valueAsNumber / 100).toFixed(2)})`;
  const player = new Audio();
  signal.addEventListener("abort", () => player.pause());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [hear, state] = [form.querySelector("[type=submit]"), form.querySelector("#blend-state")];
    hear.disabled = true;
    state.textContent = text("speak.waiting");
    try {
      const answer = await send("tts", { text: text("voices.compare.text"), engine: engine.name, voice: formula() }, { signal });
      URL.revokeObjectURL(player.src);
      player.src = URL.createObjectURL(await answer.blob());
      await player.play();
    } catch (error) {
      fail(error);
    } finally {
      hear.disabled = false;
      state.textContent = "";
    }
  });
  form.querySelector("#blend-keep").addEventListener("click", onceAtATime(() => keep(name.value.trim(), formula(), signal).then(again)));
}

async function keep(name, formula, signal) {
  const body = new FormData();
  body.append("name", name || formula);
  body.append("blend", formula);
  await json("v1/voices", { method: "POST", body, signal });
}
