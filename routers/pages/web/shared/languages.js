/** Names of languages for people: the browser's, and where it has none that of a voice which speaks the language first. */

/**
 * Tags without either name are left out: they are other names of languages that are in the list.
 *
 * @param {{name: string, languages: string[]}[]} voices
 * @param {string[] | undefined} locales of the reader; by default those of the browser
 * @returns {[string, string][]} tag and name of each language of the voices, in the order of the names
 */
export function languagesOf(voices, locales = undefined) {
  const known = new Intl.DisplayNames(locales, { type: "language", fallback: "none" });
  const tags = new Set(voices.flatMap(({ languages }) => languages));
  const named = [...tags].map((tag) => [tag, nameOf(tag, known, voices)]).filter(([, name]) => name !== undefined);
  const alike = (name) => named.filter(([, other]) => other === name).length > 1;
  return named
    .map(([tag, name]) => [tag, alike(name) ? `${name} (${tag})` : name])
    .sort(([, one], [, two]) => one.localeCompare(two));
}

function nameOf(tag, known, voices) {
  try {
    const name = known.of(tag);
    if (name !== undefined) return name;
  } catch {
    // not a tag that the browser knows how to read
  }
  return voices.find(({ languages }) => languages[0] === tag)?.name;
}
