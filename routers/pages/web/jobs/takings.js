/** What a job has made, to take along: a book with chapters, its captions, all results in one file. */

import { choices, element, save } from "../shared/dom.js";
import { fail } from "../shared/notice.js";
import { Refused, request } from "../shared/server.js";
import { text } from "../shared/texts.js";

const AGAIN_MS = 2000;
const TRIES = 900; // half an hour of binding
const SPOKEN = [["book?format=m4b", "M4B"], ["book?format=mp3", "MP3"], ["archive", "ZIP"], ["captions?format=srt", "SRT"], ["captions?format=vtt", "VTT"]];
const HEARD = [["archive", "ZIP"]];

/** @returns {HTMLElement} a choice of forms and a button that fetches */
export function takings(job, signal) {
  const select = element("select", { "aria-label": text("speak.format") });
  choices(select, job.kind === "transcription" ? HEARD : SPOKEN);
  const take = element("button", { class: "plain", type: "button" }, text("speak.download"));
  take.addEventListener("click", async () => {
    take.disabled = true;
    take.textContent = text("job.binding");
    try {
      const [, suffix] = (job.kind === "transcription" ? HEARD : SPOKEN).find(([path]) => path === select.value);
      save(await fetched(`jobs/${job.id}/${select.value}`, signal), `${job.name || job.subject || job.id}.${suffix.toLowerCase()}`);
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
