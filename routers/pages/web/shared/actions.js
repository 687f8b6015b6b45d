/** What people do on a page, and what a page does by itself while it is open. */

import { element } from "./dom.js";
import { dismiss, fail } from "./notice.js";
import { keyChanges } from "./server.js";
import { text } from "./texts.js";

const COPIED_MS = 2000;

/** A button that rests while its work goes on, and tells why it failed. @param {string} name of its text */
export function action(name, work, properties = {}) {
  const made = element("button", { class: "plain", type: "button", ...properties }, text(name));
  made.addEventListener("click", async () => {
    made.disabled = true;
    try {
      await work();
    } catch (error) {
      fail(error);
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

/** Work that goes on by itself: asked for again meanwhile it is not done twice, and it tells why it failed. */
export function onceAtATime(work) {
  let going = false;
  return async (event) => {
    event.preventDefault();
    if (going) return;
    going = true;
    try {
      await work();
    } catch (error) {
      fail(error);
    } finally {
      going = false;
    }
  };
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

/** Files may be dropped into an element, too. @param {(files: FileList) => void} take */
export function takesDrops(place, take) {
  for (const type of ["dragover", "dragleave", "drop"]) {
    place.addEventListener(type, (event) => {
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
