/** How an engine that is missing comes: by a job of the server where it has an environment of its own, else by a command. */

import { element } from "../shared/dom.js";
import { progress } from "../shared/job.js";
import { fail } from "../shared/notice.js";
import { Refused, json } from "../shared/server.js";
import { bytes, text } from "../shared/texts.js";

/** @param {string} name @param {string} command that installs it by hand @param {() => void} changed */
export function installation(name, command, signal, changed) {
  const box = element("div", { class: "buttons" });
  const look = element("button", { class: "plain", type: "button", "data-needs": "admin" }, text("engines.install"));
  look.addEventListener("click", async () => {
    look.disabled = true;
    try {
      box.replaceChildren(await offered(name, command, signal, changed, box));
    } catch (error) {
      fail(error);
      look.disabled = false;
    }
  });
  box.append(look);
  return box;
}

/** Says first how big it is, and asks. */
async function offered(name, command, signal, changed, box) {
  let plan;
  try {
    plan = await json(`engines/${name}/install`, { signal });
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return byHand(command);
    throw error;
  }
  const go = element("button", { class: "primary", type: "button" }, text("engines.install.go"));
  const start = async () => {
    go.disabled = true;
    try {
      const { id } = await json(`engines/${name}/install`, { method: "POST", signal });
      box.replaceChildren(progress(id, signal, changed));
    } catch (error) {
      fail(error);
      go.disabled = false;
    }
  };
  go.addEventListener("click", start);
  return element("div", { class: "buttons" }, element("span", { class: "soft" }, size(plan)), go);
}

function size({ download_bytes: download }) {
  return download ? text("engines.install.size", { download: bytes(download) }) : text("engines.install.unknown");
}

function byHand(command) {
  return element("div", {}, element("p", { class: "soft" }, text("engines.install.by_hand")), element("pre", { tabIndex: 0 }, command));
}
