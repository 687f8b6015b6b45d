/** Two voices, heard without knowing which is which; the names come after the choice. */

import { fail } from "../shared/notice.js";
import { send } from "../shared/server.js";
import { text } from "../shared/texts.js";

/** @param {HTMLFormElement} form */
export function offerComparison(form, signal) {
  const blind = form.querySelector("#blind");
  const verdict = form.querySelector("#verdict");
  const player = new Audio();
  let pair = [];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    blind.hidden = true;
    verdict.textContent = text("speak.waiting");
    for (const { url } of pair) URL.revokeObjectURL(url);
    pair = [];
    try {
      pair = await spoken(form, signal);
      blind.hidden = false;
      verdict.textContent = text("voices.compare.listen");
    } catch (error) {
      verdict.textContent = "";
      fail(error);
    }
  });
  blind.addEventListener("click", ({ target }) => {
    const { play, vote } = target.dataset;
    if (play !== undefined) {
      player.src = pair[play].url;
      player.play().catch(fail);
    } else if (vote !== undefined) {
      verdict.textContent = text("voices.compare.chosen", { chosen: pair[vote].name, other: pair[1 - vote].name });
    }
  });
  signal.addEventListener("abort", () => player.pause());
}

/** Both of them, in an order that chance decides. */
async function spoken(form, signal) {
  const { one, other, text: words } = form.elements;
  const sounds = [];
  for (const select of [one, other]) {
    const [engine, voice] = select.value.split(/\/(.*)/s);
    const answer = await send("tts", { text: words.value, engine, voice, format: "wav", normalize: -20 }, { signal });
    sounds.push({ name: select.selectedOptions[0].text, url: URL.createObjectURL(await answer.blob()) });
  }
  return Math.random() < 0.5 ? sounds : sounds.reverse();
}
