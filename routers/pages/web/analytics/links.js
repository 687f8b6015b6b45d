/** Links to the page where something can be done; on Settings, to the very field. */

import { element } from "../shared/dom.js";
import { text } from "../shared/texts.js";

/** @param {string} page @param {string | null} field of Settings: its key, or what the keys begin with */
export function leadsTo(page, field = null) {
  const query = field === null ? "" : `?search=${encodeURIComponent(field)}`;
  return element("a", { href: page + query, "data-page": page }, text("analytics.open", { page: text(`nav.${page}`) }));
}
