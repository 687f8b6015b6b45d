/** Segments as files. The words may have been edited, so they are written here and not fetched again. */

export const FORMATS = ["txt", "srt", "vtt", "json"];

/** @param {{start: number, end: number, text: string, speaker?: string}[]} segments @param {string} format */
export function written(segments, format) {
  switch (format) {
    case "srt":
      return segments.map((segment, index) => `${index + 1}\n${stamp(segment.start, ",")} --> ${stamp(segment.end, ",")}\n${plain(said(segment))}\n`).join("\n");
    case "vtt":
      return `WEBVTT\n\n${segments.map((segment) => `${stamp(segment.start, ".")} --> ${stamp(segment.end, ".")}\n${voiced(segment)}\n`).join("\n")}`;
    case "json":
      return JSON.stringify(segments.map(({ start, end, speaker, text }) => ({ start, end, speaker, text: text.trim() })), null, 2);
    default:
      return segments.map(said).join("\n") + "\n";
  }
}

function said({ speaker, text }) {
  return speaker ? `${speaker}: ${text.trim()}` : text.trim();
}

/** SubRip has no marks: an arrow that is said is written as another one. */
function plain(words) {
  return whole(words).replaceAll("-->", "->");
}

/** An empty line would end a cue. */
function whole(words) {
  return words.replaceAll(/\s*\n\s*/g, "\n");
}

/** WebVTT has marks of its own. */
function voiced({ speaker, text }) {
  const words = escaped(whole(text.trim()));
  return speaker ? `<v ${escaped(speaker)}>${words}` : words;
}

function escaped(words) {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function stamp(seconds, point) {
  const whole = Math.max(0, Math.round(seconds * 1000));
  const parts = [Math.floor(whole / 3_600_000), Math.floor(whole / 60_000) % 60, Math.floor(whole / 1000) % 60];
  return `${parts.map((part) => String(part).padStart(2, "0")).join(":")}${point}${String(whole % 1000).padStart(3, "0")}`;
}
