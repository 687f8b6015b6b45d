/** Makes elements. Texts are texts: nothing here reads HTML. */

/**
 * @param {string} name of the element
 * @param {Record<string, unknown>} properties `class`, `data-...` and `aria-...` as attributes, `on...` as listeners
 * @param {...(Node | string)} children
 */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key in made && key !== "list") made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Puts something else into an element; whoever was there by keyboard goes on with the first that is in it. */
export function replace(place, ...children) {
  const held = place.contains(document.activeElement);
  place.replaceChildren(...children);
  if (held) place.querySelector("button, a, input, select, [tabindex]")?.focus();
}

/** Choices of a `<select>`; the one that was chosen stays where it is still there. @param {[string, string][]} pairs */
export function choices(select, pairs) {
  const { value } = select;
  select.replaceChildren(...pairs.map(([id, name]) => new Option(name, id)));
  if (pairs.some(([id]) => id === value)) select.value = value;
}

/** Saves bytes as a file. @param {Blob} blob */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
