/** Dotted keys as the nested object that the server takes. */
export function nested(values) {
  const whole = {};
  for (const [key, value] of Object.entries(values)) {
    const path = key.split(".");
    const last = path.pop();
    let place = whole;
    for (const name of path) place = place[name] ??= {};
    place[last] = value;
  }
  return whole;
}
