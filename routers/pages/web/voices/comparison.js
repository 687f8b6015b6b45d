/** Two voices, heard without knowing which is which; the names come after the choice. */

import { submits } from "../shared/actions.js";
import { fail } from "../shared/notice.js";
import { Player } from "../shared/player.js";
import { send } from "../shared/server.js";
import { text } from "../shared/texts.js";

/** @param {HTMLFormElement} form */
export function offerComparison(form, signal) {
  const blind = form.querySelector("#blind");
  const verdict = form.querySelector("#verdict");
  const player = new Player(signal);
  let pair = [];
  const begin = async () => {
    player.forget();
    pair = [];
    blind.hidden = true;
    verdict.textContent = text("speak.waiting");
    try {
      pair = await spoken(form, signal);
      blind.hidden = false;
      verdict.textContent = text("voices.compare.listen");
      blind.querySelector("[data-play]").focus();
    } catch (error) {
      verdict.textContent = "";
      throw error;
    }
  };
  submits(form, begin);
  blind.addEventListener("click", ({ target }) => {
    const { play, vote } = target.dataset;
    if (play !== undefined) {
      for (const button of blind.querySelectorAll("[data-play]")) button.setAttribute("aria-pressed", String(button === target));
      player.play(pair[play].sound).catch(fail);
    } else if (vote !== undefined) {
      verdict.textContent = text("voices.compare.chosen", { chosen: pair[vote].name, other: pair[1 - vote].name });
    }
  });
}

/** Both of them, in an order that chance decides. */
async function spoken(form, signal) {
  const { one, other, text: words } = form.elements;
  const sounds = [];
  for (const select of [one, other]) {
    const [engine, voice] = select.value.split(/\/(.*)/s);
    const answer = await send("tts", { text: words.value, engine, voice, format: "wav", normalize: -20 }, { signal });
    sounds.push({ name: select.selectedOptions[0].text, sound: await answer.blob() });
  }
  return Math.random() < 0.5 ? sounds : sounds.reverse();
}
