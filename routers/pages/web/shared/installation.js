/** How an engine that is missing comes: by a job of the server where it has an environment of its own, else by a command. */

import { action } from "./actions.js";
import { element, replace } from "./dom.js";
import { progress } from "./job.js";
import { Refused, json } from "./server.js";
import { bytes, text } from "./texts.js";

/** @param {{name: string, install: string, runs_in: string}} engine of GET /engines @param {() => void} changed */
export function installation(engine, signal, changed) {
  const box = element("div", { class: "buttons" });
  const ask = async () => {
    const looking = element("span", { class: "soft", role: "status" }, text("engines.install.looking"));
    box.append(looking);
    try {
      replace(box, await offered(engine, signal, changed, box));
    } finally {
      looking.remove(); // also where the plan could not be told
    }
  };
  box.append(action("engines.install", ask, { "data-needs": "admin", "aria-label": `${text("engines.install")} ${engine.name}` }));
  return box;
}

/** Says first how big it is, and asks. */
async function offered({ name, install, runs_in: place }, signal, changed, box) {
  if (place !== "worker") return byHand(install); // others are installed with the server
  let plan;
  try {
    plan = await json(`engines/${name}/install`, { signal });
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return byHand(install);
    throw error;
  }
  const ended = ({ state }) => {
    if (state !== "done") box.append(go); // beside what was said of the failure
    changed();
  };
  const start = async () => {
    const { id } = await json(`engines/${name}/install`, { method: "POST", signal });
    replace(box, progress(id, signal, ended));
  };
  const go = action("engines.install.go", start, { class: "primary", "data-needs": "admin", "aria-label": `${text("engines.install.go")}: ${name}` });
  return element("div", { class: "buttons" }, element("span", { class: "soft" }, size(plan)), go);
}

function size({ download_bytes: download }) {
  return download ? text("engines.install.size", { download: bytes(download) }) : text("engines.install.unknown");
}

function byHand(command) {
  return element("div", {}, element("p", { class: "soft" }, text("engines.install.by_hand")), element("pre", { tabIndex: 0 }, command));
}
