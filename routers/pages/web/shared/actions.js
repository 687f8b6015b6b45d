/** What people do on a page, and what a page does by itself while it is open. */

import { element } from "./dom.js";
import { fail } from "./notice.js";
import { text } from "./texts.js";

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

/** Looks now, and again and again until the signal; rests while nobody sees the page. @param {() => Promise<void>} look */
export async function watch(look, milliseconds, signal) {
  const timer = setInterval(() => document.hidden || look().catch(fail), milliseconds);
  signal.addEventListener("abort", () => clearInterval(timer));
  await look();
}
