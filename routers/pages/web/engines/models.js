/** The models of the catalogue: which are here, and how others come. */

import { element } from "../shared/dom.js";
import { progress } from "../shared/job.js";
import { fail } from "../shared/notice.js";
import { pull } from "../shared/pull.js";
import { json, request } from "../shared/server.js";
import { bytes, text } from "../shared/texts.js";

/** @param {HTMLElement} list @param {() => void} changed */
export async function showModels(list, signal, changed) {
  const again = async () => {
    const models = await json("models", { signal });
    list.replaceChildren(...models.map((model) => item(model, signal, () => Promise.all([again(), changed()]).catch(fail))));
  };
  await again();
}

function item(model, signal, changed) {
  const { id, name, engine, licence, bytes: size, present, where, removable, job } = model;
  const mark = element("span", { class: "state", "data-state": present ? "ready" : "cold" }, text(present ? `models.${where}` : "models.missing"));
  const words = element("div", {}, element("h3", {}, name, " ", mark), element("p", { class: "soft" }, [id, engine, bytes(size), licence].join(" · ")));
  const work = element("div", { class: "buttons" });
  if (job) work.append(progress(job, signal, changed));
  else if (!present) work.append(pull(id, name, work, signal, changed));
  else if (removable) work.append(remove(id, signal, changed));
  return element("li", { "data-model": id }, words, work);
}

function remove(id, signal, changed) {
  const button = element("button", { class: "plain", type: "button", "data-needs": "admin" }, text("models.remove"));
  button.addEventListener("click", () => request(`models/${id}`, { method: "DELETE", signal }).then(changed).catch(fail));
  return button;
}
