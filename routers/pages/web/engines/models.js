/** The models of the catalogue: which are here, and how others come. */

import { action } from "../shared/actions.js";
import { element } from "../shared/dom.js";
import { progress } from "../shared/job.js";
import { KeyedList } from "../shared/keyed.js";
import { fail } from "../shared/notice.js";
import { pull } from "../shared/pull.js";
import { json, request } from "../shared/server.js";
import { bytes, text } from "../shared/texts.js";

/** @param {HTMLElement} list @param {() => void} changed @returns {() => Promise<void>} looks at them again */
export function modelList(list, signal, changed) {
  const both = () => Promise.all([again(), changed()]).catch(fail);
  const rows = new KeyedList(list, ({ id }) => id, (model) => ({ item: item(model, signal, both) }));
  const again = async () => rows.show(await json("models", { signal }));
  return again;
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
  return action("models.remove", () => request(`models/${id}`, { method: "DELETE", signal }).then(changed), { "data-needs": "admin" });
}
