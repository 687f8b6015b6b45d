/** What a job has made, to take along: a book with chapters, its captions, all results in one file. */

import { choices, element, save } from "../shared/dom.js";
import { fail } from "../shared/notice.js";
import { Refused, request } from "../shared/server.js";
import { text } from "../shared/texts.js";

const AGAIN_MS = 2000;
const TRIES = 900; // half an hour of binding
const BOOK = [["book?format=m4b", "M4B"], ["book?format=mp3", "MP3"]];
const PIECES = [["archive", "ZIP"]];
const CAPTIONS = [["captions?format=srt", "SRT"], ["captions?format=vtt", "VTT"]];
const TRANSCRIPTS = [["text", "TXT"], ["srt", "SRT"], ["vtt", "VTT"], ["verbose_json", "JSON"]];

/** Paths below the job and how they are called: a recording alone is a file, several are an archive. */
function forms({ kind, items, captions }) {
  if (kind !== "transcription") return [...BOOK, ...PIECES, ...(captions ? CAPTIONS : [])];
  if (items.total === 1) return TRANSCRIPTS.map(([format, name]) => [`items/0/content?format=${format}`, name]);
  return TRANSCRIPTS.map(([format, name]) => [`archive?format=${format}`, `${name} (ZIP)`]);
}

/** @param {() => object} job as it is now @returns {HTMLElement} a choice of forms and a button that fetches */
export function takings(job, signal) {
  const offered = forms(job());
  const select = element("select", { "aria-label": text("speak.format") });
  choices(select, offered);
  const take = element("button", { class: "plain", type: "button" }, text("speak.download"));
  take.addEventListener("click", async () => {
    take.disabled = true;
    take.textContent = text("job.binding");
    try {
      const [, name] = offered.find(([path]) => path === select.value);
      const suffix = name.endsWith("(ZIP)") ? "zip" : name.toLowerCase();
      const { id, subject } = job();
      save(await fetched(`jobs/${id}/${select.value}`, signal), `${subject || id}.${suffix}`);
    } catch (error) {
      fail(error);
    } finally {
      take.disabled = false;
      take.textContent = text("speak.download");
    }
  });
  return element("span", { class: "buttons" }, select, take);
}

/** A book is bound when it is first asked for, which takes its time. */
async function fetched(path, signal) {
  for (let tries = 0; ; tries++) {
    try {
      return await (await request(path, { signal })).blob();
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "not_complete_yet" || tries >= TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
