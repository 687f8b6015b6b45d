/** A model that is not here is fetched by a job of the server, which is followed where its button was. */

import { element } from "./dom.js";
import { progress } from "./job.js";
import { fail } from "./notice.js";
import { send } from "./server.js";
import { text } from "./texts.js";

/** @param {HTMLElement} work that the progress stands in @param {() => void} changed */
export function pull(id, name, work, signal, changed) {
  const button = element("button", { class: "plain", type: "button", "data-needs": "admin", "aria-label": `${text("models.pull")}: ${name}` }, text("models.pull"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const started = await (await send("models/pull", { model: id }, { signal })).json();
      work.replaceChildren(progress(started.id, signal, changed));
    } catch (error) {
      button.disabled = false;
      fail(error);
    }
  });
  return button;
}
