/** Another language for what stands around the page, whose elements stay: they have listeners, and the focus. */

import { language, speak, text } from "./texts.js";

const FRAME = [".skip", ".rail", "#notice", "#key"];

/** @param {Document} next a page in that language @param {Record<string, string>} words its texts */
export function translate(next, words) {
  const { lang, dir } = next.documentElement;
  speak(lang, words);
  Object.assign(document.documentElement, { lang, dir });
  document.documentElement.dataset.ready = text("shell.ready");
  for (const part of FRAME) put(document.querySelector(part), next.querySelector(part));
  document.getElementById("preferences").elements.language.value = language;
}

/** Words that a page has put there itself are left: there the other one has none. */
function put(here, next) {
  if (next.ariaLabel) here.ariaLabel = next.ariaLabel;
  const [mine, theirs] = [[...here.childNodes], [...next.childNodes]];
  if (mine.length !== theirs.length) return;
  for (const [index, node] of mine.entries()) {
    if (node instanceof Text) node.data = theirs[index].data;
    else put(node, theirs[index]);
  }
}
