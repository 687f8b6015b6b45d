/** How the server does: requests, errors, waiting, the cache, and who uses it. */

import { watch } from "../shared/actions.js";
import { element } from "../shared/dom.js";
import { fail } from "../shared/notice.js";
import { json } from "../shared/server.js";
import { bars, spark } from "../shared/spark.js";
import { table } from "../shared/table.js";
import { bytes, clock, number, text } from "../shared/texts.js";

const EVERY_MS = 10_000;

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const { window: select } = main.querySelector("#window").elements;
  const look = () => Promise.all([showRequests(main, select.value.split(" "), signal), showCache(main, signal)]);
  select.addEventListener("change", () => look().catch(fail));
  await watch(look, EVERY_MS, signal);
  await showKept(main, signal);
}

/** Usage and what follows from it, where the server keeps it. */
async function showKept(main, signal) {
  const { settings } = await json("config", { signal });
  if (settings["usage.enabled"].value ?? settings["security.keys"].value) {
    await Promise.all([showUsage(main, signal), showForecast(main, signal)]);
    return;
  }
  for (const place of ["#usage", "#forecast"]) main.querySelector(place).replaceChildren(text("analytics.not_kept"));
}

async function showRequests(main, [window, step], signal) {
  const summary = await json(`analytics/summary?window=${window}`, { signal });
  const { points } = await json(`analytics/timeseries?window=${window}&step=${step}`, { signal });
  const { total, resources } = summary;
  const figures = [
    ["analytics.count", number(total.operations)],
    ["analytics.failed", number(total.errors)],
    ["engine.first", milliseconds(total.first_item.p50)],
    ["analytics.slow", milliseconds(total.first_item.p99)],
    ["analytics.audio", clock(total.audio_seconds)],
    ["engine.memory", bytes(resources.memory)],
    ["analytics.cpu", number(resources.cpu, { style: "percent", maximumFractionDigits: 0 })],
  ];
  const shown = figures.map(([name, value]) => element("div", {}, element("dt", {}, text(name)), element("dd", {}, value)));
  main.querySelector("#figures").replaceChildren(...shown);
  const columns = points.map(({ operations: { completed, cancelled, errors } }) => [completed + cancelled, errors]);
  main.querySelector("#requests").replaceChildren(bars(columns, text("analytics.requests_over")));
  const first = points.map(({ operations: { first_item: { p50 } } }) => p50);
  main.querySelector("#first").replaceChildren(spark(first, text("analytics.first_over"), { width: 600, height: 60 }));
  showGroups(main.querySelector("#by-engine"), summary.by_engine);
  showGroups(main.querySelector("#by-type"), summary.by_type);
  showErrors(main.querySelector("#errors"), total.error_codes);
}

function showGroups(place, groups) {
  const rows = Object.entries(groups).map(([name, group]) => [name, number(group.operations), number(group.errors), milliseconds(group.first_item.p50), milliseconds(group.first_item.p99), milliseconds(group.queue.p99)]);
  place.replaceChildren(table(["engine.name", "analytics.count", "analytics.failed", "engine.first", "analytics.slow", "analytics.queue"], rows));
}

/** Each kind of error with what it means for whoever runs the server. */
function showErrors(place, codes) {
  const rows = Object.entries(codes).sort(([, one], [, other]) => other - one).map(([code, count]) => [code, number(count)]);
  place.replaceChildren(rows.length ? table(["analytics.code", "analytics.count"], rows) : element("p", { class: "soft" }, text("analytics.no_errors")));
}

async function showCache(main, signal) {
  const { enabled, tiers } = await json("cache", { signal });
  const rows = tiers.map((tier) => [tier.tier, tier.state, number(tier.entries), number(tier.hits), `${bytes(tier.bytes)} / ${tier.limit_bytes ? bytes(tier.limit_bytes) : "–"}`]);
  const words = element("p", { class: "soft" }, text("analytics.cache.off"));
  main.querySelector("#cache").replaceChildren(enabled ? table(["analytics.tier", "engine.state", "analytics.entries", "analytics.hits", "analytics.size"], rows) : words);
}

async function showUsage(main, signal) {
  const { rows } = await json("analytics/usage?window=30d&group=key", { signal });
  const shown = rows.map((row) => [row.key ?? text("analytics.no_key"), number(row.operations), number(row.errors), number(row.characters), clock(row.seconds_out), clock(row.seconds_in), number(row.cache_hits)]);
  const heads = ["analytics.key", "analytics.count", "analytics.failed", "analytics.characters", "analytics.spoken", "analytics.heard", "analytics.hits"];
  main.querySelector("#usage").replaceChildren(table(heads, shown));
}

async function showForecast(main, signal) {
  const { words } = await json("analytics/forecast", { signal });
  main.querySelector("#forecast").replaceChildren(...words.map((sentence) => element("p", {}, sentence)));
}

function milliseconds(seconds) {
  return seconds == null ? "–" : `${number(seconds * 1000, { maximumFractionDigits: 0 })} ms`;
}
