/** How the server does: requests, errors, waiting, the cache, and who uses it. */

import { watch } from "../shared/actions.js";
import { element } from "../shared/dom.js";
import { fail } from "../shared/notice.js";
import { json, request } from "../shared/server.js";
import { bars, spark } from "../shared/spark.js";
import { table } from "../shared/table.js";
import { bytes, clock, duration, language, list, number, text } from "../shared/texts.js";
import { findings, meaning } from "./findings.js";
import { sentences } from "./forecast.js";
import { leadsTo } from "./links.js";
import { Operations } from "./operations.js";
import { fieldOf } from "./why.js";

const EVERY_MS = 10_000;

/** @param {HTMLElement} main @param {AbortSignal} signal */
export async function open(main, signal) {
  const { window: select } = main.querySelector("#window").elements;
  let asked = new AbortController();
  const look = () => {
    asked.abort(); // an answer about another time must not come after this one
    asked = new AbortController();
    const now = AbortSignal.any([signal, asked.signal]);
    return Promise.all([showRequests(main, select.value.split(" "), now), showCache(main, now), operations.refresh()]);
  };
  select.addEventListener("change", () => look().catch(fail));
  const operations = new Operations(main, signal);
  await operations.load().catch(fail);
  await watch(() => look().catch(unlessAsideOf(signal)), EVERY_MS, signal);
  await showKept(main, signal);
}

/** A look that a newer one has put aside has not failed. @param {AbortSignal} signal of the page */
function unlessAsideOf(signal) {
  return (error) => {
    if (error.name !== "AbortError" || signal.aborted) throw error;
  };
}

/** Usage and what follows from it, where the server keeps it. */
async function showKept(main, signal) {
  const { settings } = await json("config", { signal });
  if (settings["usage.enabled"].value ?? settings["security.keys"].value) {
    await Promise.all([showUsage(main, signal), showForecast(main, signal)]);
    return;
  }
  for (const place of ["#usage", "#forecast"]) main.querySelector(place).replaceChildren(text("analytics.not_kept"), " ", leadsTo("settings", "usage.enabled"));
}

async function showRequests(main, [window, step], signal) {
  const summary = await json(`analytics/summary?window=${window}`, { signal });
  const { points } = await json(`analytics/timeseries?window=${window}&step=${step}`, { signal });
  const { total, resources } = summary;
  const figures = [
    ["analytics.count", number(total.operations)],
    ["analytics.failed", number(total.errors)],
    ["analytics.background", number(total.background)],
    ["analytics.first", lasting(total.first_item.p50)],
    ["analytics.slow", lasting(total.first_item.p99)],
    ["analytics.audio", clock(total.audio_seconds)],
    ["engine.memory", bytes(resources.memory)],
    ["analytics.cpu", number(resources.cpu, { style: "percent", maximumFractionDigits: 0 })],
  ];
  const shown = figures.map(([name, value]) => element("div", {}, element("dt", {}, text(name)), element("dd", {}, value)));
  main.querySelector("#figures").replaceChildren(...shown);
  const columns = points.map(({ operations: { completed, cancelled, errors } }) => [completed + cancelled, errors]);
  const most = Math.max(0, ...columns.map((parts) => parts[0] + parts[1]));
  main.querySelector("#requests").replaceChildren(bars(columns, text("analytics.requests_over")), axis(points, number(most)));
  const first = points.map(({ operations: { first_item: { p50 } } }) => p50);
  const longest = Math.max(0, ...first);
  main.querySelector("#first").replaceChildren(spark(first, text("analytics.first_over"), { width: 600, height: 60 }), axis(points, lasting(longest)));
  showGroups(main.querySelector("#by-engine"), "engine.name", summary.by_engine);
  const kinds = Object.entries(summary.by_type).map(([kind, group]) => [text(`kind.${kind}`), group]);
  showGroups(main.querySelector("#by-type"), "engine.kind", Object.fromEntries(kinds));
  showErrors(main.querySelector("#errors"), total.error_codes);
  await showFindings(main, summary, signal);
}

async function showFindings(main, summary, signal) {
  const engines = await json("engines", { signal });
  const metrics = await (await request("metrics", { signal })).text();
  const found = findings(summary, engines, metrics).map(told);
  const shown = found.length ? found : [element("li", { class: "soft" }, text(summary.total.operations ? "analytics.finding.none" : "analytics.finding.nothing"))];
  main.querySelector("#findings").replaceChildren(...shown);
}

const FORMS = {
  seconds: { maximumFractionDigits: 1 },
  factor: { maximumFractionDigits: 2 },
  share: { style: "percent" },
};

function told([name, values]) {
  const shown = Object.entries(values).map(([key, value]) => [key, typeof value === "number" ? number(value, FORMS[key]) : value]);
  const words = Object.fromEntries(shown);
  if (words.meaning) words.meaning = text(`analytics.means.${words.meaning}`);
  const field = fieldOf(name);
  return element("li", {}, text(`analytics.finding.${name}`, words), ...(field ? [" ", leadsTo("settings", field)] : []));
}

/** The times at both ends of a picture, and between them how much its full height is. */
function axis(points, most) {
  const from = points[0]?.start ?? 0;
  const to = points.at(-1)?.start ?? 0;
  const style = to - from > 24 * 3600 ? { dateStyle: "short" } : { timeStyle: "short" };
  const at = (seconds) => new Intl.DateTimeFormat(language, style).format(seconds * 1000);
  return element("p", { class: "axis" }, element("span", {}, at(from)), element("span", { dir: "auto" }, text("analytics.most", { most })), element("span", {}, at(to)));
}

function showGroups(place, kind, groups) {
  const rows = Object.entries(groups).map(([name, group]) => [name === "none" ? text("analytics.no_engine") : name, number(group.operations), number(group.errors), lasting(group.first_item.p50), lasting(group.first_item.p99), lasting(group.queue.p99), lasting(group.load.p99)]);
  place.replaceChildren(table([kind, "analytics.count", "analytics.failed", "analytics.first", "analytics.slow", "analytics.queue", "analytics.load"], rows));
}

/** Each kind of error with what it means for whoever runs the server. */
function showErrors(place, codes) {
  const rows = Object.entries(codes).sort(([, one], [, other]) => other - one).map(([code, count]) => [code, number(count), text(`analytics.means.${meaning(code)}`)]);
  place.replaceChildren(rows.length ? table(["analytics.code", "analytics.count", "analytics.means"], rows) : element("p", { class: "soft" }, text("analytics.no_errors")));
}

async function showCache(main, signal) {
  const { enabled, tiers } = await json("cache", { signal });
  const rows = tiers.map((tier) => [text(`analytics.tier.${tier.tier}`), text(`analytics.tier.${tier.state}`), number(tier.entries), number(tier.hits), `${bytes(tier.bytes)} / ${tier.limit_bytes ? bytes(tier.limit_bytes) : "–"}`]);
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
  const told = sentences(await json("analytics/forecast", { signal }), { language, number, list, text });
  main.querySelector("#forecast").replaceChildren(...told.map((sentence) => element("p", {}, sentence)));
}

function lasting(seconds) {
  return seconds == null ? "–" : duration(seconds);
}
