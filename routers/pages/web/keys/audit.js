/** What was done, by whom: newest first, a page at a time. */

import { element } from "../shared/dom.js";
import { fail } from "../shared/notice.js";
import { json } from "../shared/server.js";
import { table } from "../shared/table.js";
import { language } from "../shared/texts.js";

const PAGE = 50;

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function showAudit(main, signal) {
  const place = main.querySelector("#audit");
  const older = main.querySelector("#older");
  let rows = [];
  let before = "";
  const more = async () => {
    const { entries, next_before: next } = await json(`admin/audit?limit=${PAGE}${before}`, { signal });
    rows = [...rows, ...entries.map(row)];
    place.replaceChildren(table(["keys.at", "keys.actor", "keys.action", "keys.target", "keys.details"], rows));
    before = `&before=${next}`;
    older.hidden = next === null;
  };
  older.addEventListener("click", () => more().catch(fail));
  await more();
}

function row({ at, actor, action, target, details }) {
  const when = new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "medium" }).format(at * 1000);
  return [when, actor, action, target, element("code", {}, Object.keys(details).length ? JSON.stringify(details) : "")];
}
