/** The dialog in which somebody gives the key, and what the key may do. */

import { hasKey, keyChanges, keyInUse, onKeyWanted, quietly, useKey } from "./server.js";
import { text } from "./texts.js";

const dialog = document.getElementById("key");
const form = dialog.querySelector("form");
let asked = null;
let declined = false;
let mayLeave = () => true;

/**
 * @param {(me: object | null) => void} onChange who somebody is, whenever that may have changed
 * @param {() => boolean} isLeft whether the page may be left with what is on it: it is begun anew with another key
 */
export function offerKey(onChange, isLeft) {
  mayLeave = isLeft;
  const look = async () => onChange(await quietly("me"));
  onKeyWanted(whenWanted);
  keyChanges.addEventListener("change", () => {
    declined = false;
    if (hasKey() && dialog.open) dialog.close(""); // another tab was given one
    look();
  });
  document.getElementById("open-key").addEventListener("click", ask);
  look();
}

/** Asks once: whoever has said no is told by each refusal where the button is. @returns {Promise<boolean>} there is another key */
async function whenWanted() {
  if (declined) return false;
  const before = keyInUse();
  declined = (await ask()) !== "use" && (!hasKey() || keyInUse() === before);
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
  form.elements.key.value = "";
  const isAnother = hasKey() && (choice === "forget" || (given !== "" && given !== keyInUse()));
  if (choice !== "" && isAnother && !mayLeave()) return "";
  if (choice === "use" && given) useKey(given, form.elements.keep.checked);
  else if (choice === "forget") forget();
  return choice === "use" && !given ? "" : choice;
}

/** Whoever goes is not asked at once for what was just forgotten. */
function forget() {
  useKey("", false);
  declined = true;
}

async function describe() {
  const me = await quietly("me");
  const known = me && text(me.kind === "anonymous" ? "key.none_needed" : "key.you_are", { role: me.role, name: me.key_name ?? "" });
  document.getElementById("key-who").textContent = known ?? text(hasKey() ? "key.wrong" : "key.wanted");
}
