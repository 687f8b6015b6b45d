/** What a job has made, to take along: a book with chapters, its captions, all results in one file. */

import { action } from "../shared/actions.js";
import { choices, element } from "../shared/dom.js";
import { number, text } from "../shared/texts.js";
import { fetches } from "./fetches.js";
import { forms, suffix } from "./results.js";

/** @param {() => object} job as it is now @returns {HTMLElement} a choice of forms and a button that fetches */
export function takings(job, signal) {
  const { id, subject } = job();
  const select = element("select", { "aria-label": text("speak.format") });
  choices(select, forms(job(), (name) => text("job.so_far", { name })));
  const take = element("button", { class: "plain", type: "button" }, text("speak.download"));
  const bar = element("progress", { max: 1, "aria-label": text("job.binding") });
  const words = element("span", { class: "soft", role: "status" });
  const going = element("span", { class: "progress" }, bar, words, action("job.cancel", async () => fetches.cancel(id)));
  take.addEventListener("click", () => fetches.begin({ id, path: select.value, name: `${subject || id}.${suffix(select.value)}` }));
  const show = () => {
    const now = fetches.of(id);
    for (const each of [select, take]) each.hidden = now !== null;
    going.hidden = now === null;
    if (now === null) return;
    if (now.part === null) bar.removeAttribute("value");
    else bar.value = now.part;
    words.textContent = now.part === null ? text("job.fetching") : `${text("job.binding")} ${number(now.part, { style: "percent" })}`;
  };
  fetches.addEventListener("change", show, { signal });
  show();
  return element("span", { class: "buttons" }, select, take, going);
}
