/** A model that is not here is fetched by a job of the server, which is followed where its button was. */

import { action } from "./actions.js";
import { replace } from "./dom.js";
import { progress } from "./job.js";
import { send } from "./server.js";
import { text } from "./texts.js";

/**
 * A button, which comes back beside what was said where the model did not come.
 * @param {HTMLElement} work that the progress stands in @param {() => void} changed
 */
export function pull(id, name, work, signal, changed) {
  const ended = ({ state }) => {
    if (state !== "done") work.append(button);
    changed();
  };
  const begin = async () => {
    const started = await (await send("models/pull", { model: id }, { signal })).json();
    replace(work, progress(started.id, signal, ended));
  };
  const button = action("models.pull", begin, { "data-needs": "admin", "aria-label": `${text("models.pull")}: ${name}` });
  return button;
}
