/** The forecast in sentences of the page's language, out of its figures. */

const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const A_MONDAY = Date.UTC(1970, 0, 5);
const HOUR_MS = 3600 * 1000;
const TOLD_DAYS = 10; // the newest of those out of the usual

/**
 * @param {object} forecast of GET /analytics/forecast
 * @param {{language: string, number: (value: number) => string, list: (names: string[]) => string, text: Function}} words
 * @returns {string[]}
 */
export function sentences({ days, days_needed: needed, peaks, unusual, profile }, { language, number, list, text }) {
  const told = (name, values) => text(`analytics.forecast.${name}`, values);
  if (profile.length === 0) return [told("little", { days: number(days), needed: number(needed) })];
  const format = (style, at) => new Intl.DateTimeFormat(language, { ...style, timeZone: "UTC" }).format(at);
  const hour = ({ weekday, hour, usual }) => {
    const from = A_MONDAY + (WEEKDAYS.indexOf(weekday) * 24 + hour) * HOUR_MS;
    const clock = (at) => format({ timeStyle: "short" }, at);
    return told("hour", { weekday: format({ weekday: "long" }, from), from: clock(from), to: clock(from + HOUR_MS), count: number(usual) });
  };
  const day = ({ day, total, usual, low, high }) => {
    const figures = { count: number(total), usual: number(usual), low: number(low), high: number(high) };
    return told(total > high ? "more" : "less", { day: format({ dateStyle: "full" }, Date.parse(day)), ...figures });
  };
  const busiest = peaks.length > 0 ? told("peaks", { hours: list(peaks.map(hour)) }) : told("even");
  const out = unusual.length > 0 ? unusual.slice(0, TOLD_DAYS).map(day) : [told("usual")];
  if (unusual.length > TOLD_DAYS) out.push(told("earlier", { count: number(unusual.length - TOLD_DAYS) }));
  return [told("days", { days: number(days) }), busiest, ...out];
}
