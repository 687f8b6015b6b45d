/** The dialog in which somebody gives the key, and what the key may do. */

import { keptForTab } from "./kept.js";
import { hasKey, keyChanges, onKeyWanted, quietly, useKey } from "./server.js";
import { text } from "./texts.js";

const dialog = document.getElementById("key");
const form = dialog.querySelector("form");
let asked = null;
let declined = false;

/** @param {(me: object | null) => void} onChange who somebody is, whenever that may have changed */
export function offerKey(onChange) {
  const look = async () => onChange(await quietly("me"));
  onKeyWanted(whenWanted);
  keyChanges.addEventListener("change", () => {
    declined = false;
    look();
  });
  document.getElementById("open-key").addEventListener("click", ask);
  look();
}

/** Asks once: whoever has said no is told by each refusal where the button is. @returns {Promise<boolean>} there is another key */
async function whenWanted() {
  if (declined) return false;
  declined = (await ask()) !== "use";
  return !declined;
}

/** Shows the dialog, once at a time. @returns {Promise<string>} "use", "forget" or "" */
function ask() {
  asked ??= new Promise((resolve) => {
    form.elements.key.value = "";
    dialog.addEventListener("close", () => resolve(taken(dialog.returnValue)), { once: true });
    dialog.returnValue = "";
    dialog.showModal();
    describe();
  }).finally(() => (asked = null));
  return asked;
}

function taken(choice) {
  const given = form.elements.key.value.trim();
  if (choice === "use" && given) useKey(given, form.elements.keep.checked);
  else if (choice === "forget") leave();
  return choice === "use" && !given ? "" : choice;
}

/** Forgets the key. The page opens anew, and so shows nothing that was read with it; what the tab kept goes too. */
function leave() {
  useKey("", false);
  keptForTab.clear();
  location.reload();
}

async function describe() {
  const me = await quietly("me");
  const known = me && text(me.kind === "anonymous" ? "key.none_needed" : "key.you_are", { role: me.role, name: me.key_name ?? "" });
  document.getElementById("key-who").textContent = known ?? text(hasKey() ? "key.wrong" : "key.wanted");
}
