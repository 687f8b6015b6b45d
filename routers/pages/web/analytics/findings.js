/** What stands out, and what to do: the causes of what people waited for, what fails, listeners with nothing to hear. */

const MANY_ERRORS = 0.05;
const NEARLY_REAL_TIME = 0.8;
/** The share of an engine's requests, and how many, from which on a cause stands out; others are told request by request. */
const STANDS_OUT = {
  load: [0, 1],
  queue: [0.05, 2], // of one alone nobody was in the way
  engine: [0.05, 2],
  first: [0.2, 2],
  length: [0.2, 2],
  encode: [0.05, 2],
  held: [0.2, 2],
  received: [0.05, 2],
};
const MEANINGS = [
  [/^(engine_weights_missing|model_fetch)/, "model"],
  [/^(engine_not_installed|part_not_installed|engine_install)/, "install"],
  [/^engine_access_denied/, "access"],
  [/^engine/, "engine"],
  [/^(too_many|quota|busy)/, "much"],
  [/^(unauthorized|forbidden)/, "key"],
  [/^reply/, "reply"],
  [/^(storage|database|limits_away)/, "storage"],
  [/^shutting_down/, "stopping"],
  [/^(invalid|unknown|unsupported|undecodable|unreadable|malformed|text_too|audio_too|head_too|payload|range|not_|model_not|remote_content|conflict|key_changed|upgrade|body_timeout|idle_timeout|session_expired)/, "caller"],
];

/** What an error code means for whoever runs the server: the name of a text. @param {string} code */
export function meaning(code) {
  return MEANINGS.find(([pattern]) => pattern.test(code))?.[1] ?? "server";
}

/**
 * @param {object} summary of GET /analytics/summary @param {object[]} engines of GET /engines
 * @param {string} metrics of GET /metrics
 * @returns {[string, Record<string, unknown>][]} names of texts, each with what goes into it: seconds, counts, names
 */
export function findings(summary, engines, metrics) {
  const found = [];
  for (const engine of engines) {
    const group = summary.by_engine[engine.name];
    if (group) found.push(...ofEngine(engine, group, underruns(metrics, engine.name)));
  }
  const talks = summary.by_type.conversation;
  if (talks && standsOut(talks.slow.reply, waitedFor(talks), [0.2, 2])) found.push(["reply", figures(talks, talks.slow.reply)]);
  const { total } = summary;
  if (total.errors > MANY_ERRORS * total.operations) {
    const [code] = Object.entries(total.error_codes).sort(([, one], [, other]) => other - one)[0] ?? [""];
    found.push(["errors", { share: total.errors / total.operations, code, meaning: meaning(code) }]);
  }
  return found;
}

function* ofEngine({ name, kind, state, measured }, group, starved) {
  const engine = { engine: name, order: `${kind}.order` };
  const own = (cause) => (kind === "stt" && ["engine", "first", "length", "factor"].includes(cause) ? `${cause}.stt` : cause);
  const isSlow = measured.real_time_factor > NEARLY_REAL_TIME;
  for (const [cause, least] of Object.entries(STANDS_OUT)) {
    const slow = group.slow[cause];
    if (!standsOut(slow, waitedFor(group), least) || (cause === "engine" && isSlow)) continue;
    yield [cause === "load" && state === "ready" ? "loaded" : own(cause), { ...engine, ...figures(group, slow) }];
  }
  if (isSlow) yield [own("factor"), { ...engine, factor: measured.real_time_factor }];
  if (state === "failed") yield ["failed", engine];
  if (starved > 0 && kind === "tts") yield ["underruns", { ...engine, count: starved }];
}

function standsOut(slow, all, [share, least]) {
  return slow !== undefined && slow.count >= least && slow.count >= share * all;
}

/** Those that somebody waited for, as far as memory reaches, as it does for their causes. */
function waitedFor({ total }) {
  return total.count;
}

function figures(group, { count, longest_seconds: seconds }) {
  return { count, all: waitedFor(group), seconds };
}

function underruns(metrics, engine) {
  const line = metrics.split("\n").find((each) => each.startsWith(`stts_engine_underruns_total{engine="${engine}"`));
  return Number(line?.split(" ").pop() ?? 0);
}
