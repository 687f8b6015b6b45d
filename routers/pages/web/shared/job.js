/** Long work of the server: followed to its end, and shown while it goes on. */

import { action } from "./actions.js";
import { element } from "./dom.js";
import { fail } from "./notice.js";
import { json, request } from "./server.js";
import { bytes, clock, number, text } from "./texts.js";

const ENDED = new Set(["done", "failed", "cancelled"]);
const EVERY_MS = 700;

export function hasEnded({ state }) {
  return ENDED.has(state);
}

/**
 * Tells how far a job is until it has ended. It asks again and again: a browser has six connections to a server, which
 * streams of events would hold. @param {(job: object) => void} tell
 */
async function follow(id, signal, tell) {
  for (;;) {
    const job = await json(`jobs/${id}`, { signal });
    tell(job);
    if (hasEnded(job)) return job;
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

/** A line with a bar that keeps itself up to date. @param {(job: object) => void} [ended] */
export function progress(id, signal, ended = () => {}) {
  const bar = element("progress", { max: 1, "aria-label": text("job.progress") });
  const words = element("span", { class: "soft", role: "status" }, text("job.starting"));
  const cancel = action("job.cancel", () => request(`jobs/${id}`, { method: "DELETE", signal }));
  const line = element("div", { class: "progress" }, bar, words, cancel);
  const tell = (job) => {
    if (job.part == null) bar.removeAttribute("value");
    else bar.value = job.part;
    words.textContent = described(job);
    cancel.hidden = hasEnded(job);
  };
  follow(id, signal, tell).then(ended).catch(fail);
  return line;
}

/** How far a job is, in words. */
export function described(job) {
  const parts = [text(`job.state.${job.state}`)];
  if (job.step && !hasEnded(job)) parts.push(job.step);
  if (job.items) parts.push(text("job.items", { done: number(job.items.done), total: number(job.items.total) }));
  if (job.items?.failed) parts.push(text("job.failed_items", { failed: number(job.items.failed) }));
  if (job.bytes_total) parts.push(text("job.bytes", { done: bytes(job.bytes_done), total: bytes(job.bytes_total) }));
  if (job.remaining_seconds != null && !hasEnded(job)) parts.push(text("job.remaining", { time: clock(job.remaining_seconds) }));
  if (job.error) parts.push(job.error.detail);
  return parts.join(" · ");
}
