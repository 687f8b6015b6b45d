/** What the server gives of a job, by its kind and how far it is. */

const BOOK = [["book?progress=true&wait_seconds=0.4&format=m4b", "M4B"], ["book?progress=true&wait_seconds=0.4&format=mp3", "MP3"]]; // asked for often, for its bar to move
const PIECES = [["archive", "ZIP"]];
const CAPTIONS = [["captions?format=srt", "SRT"], ["captions?format=vtt", "VTT"]];
const TRANSCRIPTS = [["text", "TXT"], ["srt", "SRT"], ["vtt", "VTT"], ["verbose_json", "JSON"]];

/**
 * Paths below the job and how they are called: a recording alone is a file, several are an archive. Before all is done there
 * is an archive of what is there, and no book yet.
 * @param {(name: string) => string} soFar names such an archive @returns {[string, string][]}
 */
export function forms({ kind, items, captions }, soFar) {
  const isWhole = items.done === items.total;
  const named = (name) => (isWhole ? name : soFar(name));
  if (kind !== "transcription") return isWhole ? [...BOOK, ...PIECES, ...(captions ? CAPTIONS : [])] : PIECES.map(([path, name]) => [path, named(name)]);
  if (items.total === 1) return TRANSCRIPTS.map(([format, name]) => [`items/0/content?format=${format}`, name]);
  return TRANSCRIPTS.map(([format, name]) => [`archive?format=${format}`, named(`${name} (ZIP)`)]);
}

/** The ending of what is behind a path. */
export function suffix(path) {
  if (path.startsWith("archive")) return "zip";
  const format = new URLSearchParams(path.split("?")[1]).get("format");
  return { text: "txt", verbose_json: "json" }[format] ?? format;
}
