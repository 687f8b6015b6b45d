/** What an engine lacks before it can work, with the button that brings it. */

import { action } from "./actions.js";
import { element } from "./dom.js";
import { installation } from "./installation.js";
import { stateOf } from "./offered.js";
import { pull } from "./pull.js";
import { json } from "./server.js";
import { bytes, text } from "./texts.js";

/** @param {object} engine of GET /engines @param {() => void} changed */
export function coming(engine, signal, changed) {
  const { name, state, needs } = engine;
  if (state === "not_installed") return installation(engine, signal, changed);
  const work = element("div", { class: "buttons" });
  work.append(needs ? pull(needs.id, needs.name, work, signal, changed) : loading(name, signal, changed));
  return work;
}

/** A row that says what somebody gets, and about how much is fetched, before they decide. */
export function lacking(engine, signal, changed) {
  const { name, description, licence, state, download_bytes: download } = engine;
  const head = element("h3", {}, name, " ", element("span", { class: "state", "data-state": state }, stateOf(engine)));
  const words = element("p", { class: "soft", dir: "auto" }, [description, licence].filter(Boolean).join(" · "));
  const size = state === "not_installed" && download ? element("p", {}, text("engines.install.about", { download: bytes(download) })) : "";
  return element("li", { "data-engine": name }, element("div", {}, head, words, size), coming(engine, signal, changed));
}

/** A button that loads an engine, which fetches its weights where it does so by itself. */
function loading(name, signal, changed) {
  const load = async () => {
    await json(`engines/${name}/load`, { method: "POST", signal });
    await changed();
  };
  return action("engines.load", load, { "data-needs": "admin" });
}
