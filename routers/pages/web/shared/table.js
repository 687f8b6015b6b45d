/** Tables. */

import { element } from "./dom.js";
import { text } from "./texts.js";

/** @param {string[]} names of texts @param {(string | Node)[][]} rows */
export function table(names, rows) {
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name ? text(name) : "")));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", { dir: "auto" }, cell))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}
