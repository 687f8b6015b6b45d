/** What stands out, in sentences that say what to do: waits, what fails, listeners with nothing to hear, slow engines. */

import { element } from "../shared/dom.js";
import { number, text } from "../shared/texts.js";

const LONG_WAIT = 1; // second in a queue, of the slowest hundredth
const LONG_FIRST = 1; // second of work before the first audio, of half of them
const MANY_ERRORS = 0.05;
const NEARLY_REAL_TIME = 0.8;
const MEANINGS = [
  [/^(invalid|unknown|unsupported|undecodable|unreadable|malformed|text_too|audio_too|payload|not_found|remote_content)/, "caller"],
  [/^(too_many|quota|busy|limits)/, "much"],
  [/^(unauthorized|forbidden)/, "key"],
  [/^(engine|part_not)/, "engine"],
];

/** What an error code means for whoever runs the server. @param {string} code */
export function meaning(code) {
  const kind = MEANINGS.find(([pattern]) => pattern.test(code))?.[1] ?? "server";
  return text(`analytics.means.${kind}`);
}

/**
 * @param {object} summary of GET /analytics/summary @param {object[]} engines of GET /engines
 * @param {string} metrics of GET /metrics
 * @returns {HTMLElement[]} a list item each
 */
export function findings(summary, engines, metrics) {
  const found = [];
  const tell = (name, values) => found.push(element("li", {}, text(`analytics.finding.${name}`, values)));
  for (const engine of engines) {
    const group = summary.by_engine[engine.name];
    if (!group) continue;
    tellTimes(engine, group, tell);
    const starved = underruns(metrics, engine.name);
    if (starved > 0) tell("underruns", { engine: engine.name, count: number(starved) });
  }
  const { total } = summary;
  if (total.errors > MANY_ERRORS * total.operations) {
    const [code] = Object.entries(total.error_codes).sort(([, one], [, other]) => other - one)[0] ?? [""];
    tell("errors", { share: number(total.errors / total.operations, { style: "percent" }), code, meaning: meaning(code) });
  }
  return found;
}

function tellTimes({ name, state, measured }, { queue, first_item: first }, tell) {
  const work = (first.p50 ?? 0) - (queue.p50 ?? 0);
  if (queue.p99 > LONG_WAIT) tell(queue.p50 > LONG_WAIT ? "waits" : "loads", { engine: name, seconds: seconds(queue.p99) });
  if (work > LONG_FIRST) tell("first", { engine: name, seconds: seconds(work) });
  if (measured.real_time_factor > NEARLY_REAL_TIME) tell("factor", { engine: name, factor: number(measured.real_time_factor, { maximumFractionDigits: 2 }) });
  if (state === "failed") tell("failed", { engine: name });
}

function underruns(metrics, engine) {
  const line = metrics.split("\n").find((each) => each.startsWith(`stts_engine_underruns_total{engine="${engine}"`));
  return Number(line?.split(" ").pop() ?? 0);
}

function seconds(value) {
  return number(value, { maximumFractionDigits: 1 });
}
