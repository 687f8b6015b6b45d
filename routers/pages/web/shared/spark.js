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
  let path = `M0 ${height - 1}`;
  let pen = "M";
  values.forEach((value, index) => {
    if (value === null) {
      pen = "M";
      return;
    }
    path += `${pen}${(index * step).toFixed(1)} ${(height - 1 - (value / most) * (height - 2)).toFixed(1)}`;
    pen = "L";
  });
  picture.append(shape("path", { d: path.includes("L") ? path : `${path}h1` }));
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

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
