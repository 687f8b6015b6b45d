/** Small pictures of numbers, drawn as SVG. */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 120;
const HEIGHT = 28;

/**
 * A line through values from left to right; gaps where there is none.
 * @param {(number | null)[]} values @param {string} label what it shows, for those who do not see it
 */
export function spark(values, label, { width = WIDTH, height = HEIGHT } = {}) {
  const picture = shape("svg", { viewBox: `0 0 ${width} ${height}`, class: "spark", role: "img", "aria-label": label, preserveAspectRatio: "none" });
  const most = Math.max(...values.filter((value) => value !== null), 0) || 1;
  const step = width / Math.max(1, values.length - 1);
  const margin = 3; // for dots
  let path = "";
  let dots = "";
  values.forEach((value, index) => {
    if (value === null) return;
    const place = `${(index * step).toFixed(1)} ${(height - margin - (value / most) * (height - 2 * margin)).toFixed(1)}`;
    const [before, after] = [values[index - 1] ?? null, values[index + 1] ?? null];
    path += `${before === null ? "M" : "L"}${place}`;
    if (before === null && after === null) dots += `M${place}h0.01`; // nothing beside it that a line would lead to
  });
  picture.append(shape("path", { d: path }), shape("path", { d: dots, class: "dots" }));
  return picture;
}

/** Bars from left to right, in parts that stand on each other. @param {number[][]} columns */
export function bars(columns, label, { width = 600, height = 120 } = {}) {
  const picture = shape("svg", { viewBox: `0 0 ${width} ${height}`, class: "bars", role: "img", "aria-label": label, preserveAspectRatio: "none" });
  const most = Math.max(...columns.map((parts) => parts.reduce((sum, part) => sum + part, 0)), 0) || 1;
  const each = width / Math.max(1, columns.length);
  columns.forEach((parts, index) => {
    let top = height;
    parts.forEach((part, kind) => {
      const tall = (part / most) * height;
      top -= tall;
      if (tall > 0) picture.append(shape("rect", { x: index * each, y: top, width: Math.max(1, each - 1), height: tall, class: `part-${kind}` }));
    });
  });
  return picture;
}

/** One bar from left to right, in parts. @param {{kind: number, start: number, share: number}[]} parts 0 to 1 @param {string} label none: it only repeats what stands beside it */
export function layered(parts, label, kind = "layered") {
  const told = label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" };
  const picture = shape("svg", { viewBox: "0 0 100 10", class: kind, preserveAspectRatio: "none", ...told });
  for (const part of parts) picture.append(shape("rect", { x: part.start * 100, y: 0, width: part.share * 100, height: 10, class: `layer-${part.kind}` }));
  return picture;
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
