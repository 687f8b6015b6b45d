/** What people do on a page, and what a page does by itself while it is open. */

import { element } from "./dom.js";
import { dismiss, fail, isBack } from "./notice.js";
import { keyChanges } from "./server.js";
import { text } from "./texts.js";

const COPIED_MS = 2000;

/**
 * Work that is not begun a second time before it has ended, and that tells why it failed. A new try takes the failure of
 * the last one away.
 * @param {() => unknown} work @param {Iterable<HTMLButtonElement>} resting buttons that show that it goes on
 */
export function onceAtATime(work, resting = []) {
  let notice = null;
  let going = false;
  return async (event) => {
    event?.preventDefault();
    if (going || [...resting].some((button) => button.ariaDisabled === "true")) return;
    going = true;
    dismiss(notice);
    // A button that is disabled would lose the focus of whoever has pressed it.
    for (const button of resting) button.setAttribute("aria-disabled", "true");
    try {
      await work();
      notice = null;
    } catch (error) {
      notice = fail(error);
    } finally {
      going = false;
      for (const button of resting) button.removeAttribute("aria-disabled");
    }
  };
}

/** A button of a page, which rests while its work goes on, with others that may not begin meanwhile. */
export function presses(button, work, others = []) {
  button.addEventListener("click", onceAtATime(work, [button, ...others]));
}

/** A button that does so. @param {string} name of its text */
export function action(name, work, properties = {}) {
  const made = element("button", { class: "plain", type: "button", ...properties }, text(name));
  presses(made, work);
  return made;
}

/** A form that is sent once, however often it is pressed before there is an answer. @param {HTMLFormElement} form */
export function submits(form, work) {
  form.addEventListener("submit", onceAtATime(work, form.querySelectorAll("[type=submit]")));
}

/** A button copies what an element shows, over plain http too; where that fails it is selected, to be copied by hand. */
export function copies(button, shown) {
  const words = button.textContent;
  button.addEventListener("click", () => {
    getSelection().selectAllChildren(shown);
    const done = document.execCommand("copy"); // the newer way is for https alone
    button.textContent = text(done ? "speak.copied" : "speak.selected");
    setTimeout(() => (button.textContent = words), COPIED_MS);
  });
}

/** Whoever goes to another page, or closes this one, is asked first where something would be lost. @param {() => boolean} isUnsaved */
export function asksBeforeLeaving(main, signal, isUnsaved) {
  const ask = (event) => isUnsaved() && event.preventDefault();
  main.addEventListener("leave", ask, { signal });
  window.addEventListener("beforeunload", ask, { signal });
}

/** Files may be dropped into an element, too; words go where the browser puts them. @param {(files: FileList) => void} take */
export function takesDrops(place, take) {
  for (const type of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(type, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      place.toggleAttribute("data-over", type === "dragover");
      if (type === "drop") take(event.dataTransfer.files);
    });
  }
}

/**
 * Looks now, and again and again until the signal, one look at a time; rests while nobody sees the page. A failure is
 * told once; what is refused for want of a key or of rights is looked at again when there is another key.
 * @param {() => Promise<void>} look
 */
export async function watch(look, milliseconds, signal) {
  let timer = 0;
  let looking = false;
  let failed = false;
  let notice = null;
  const again = async () => {
    clearTimeout(timer);
    if (looking || signal.aborted) return;
    looking = true;
    const error = await look().then(() => null, (reason) => reason);
    looking = false;
    if (signal.aborted) return;
    if (error === null) isBack();
    if (error === null && failed) dismiss(notice);
    else if (error !== null && !failed) notice = fail(error);
    failed = error !== null;
    if (![401, 403].includes(error?.status)) wait();
  };
  const wait = () => (timer = setTimeout(() => (document.hidden ? wait() : again()), milliseconds));
  keyChanges.addEventListener("change", again, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  await again();
}
