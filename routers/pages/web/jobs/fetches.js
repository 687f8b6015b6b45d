/**
 * What somebody has asked to take along. A book is bound first, which takes its time: a press is not lost meanwhile, on
 * whatever page somebody is, while the server starts anew, and, when this page is opened again, after a reload.
 */

import { save } from "../shared/dom.js";
import { keptForTab } from "../shared/kept.js";
import { fail } from "../shared/notice.js";
import { Unreachable, onKeyLeft, request } from "../shared/server.js";

const KEPT = "stts.takings";
const SOON_MS = 400; // a bar that moves
const LATER_MS = 3000; // where the server is away or busy
const BEING_MADE = 202;
const AWAY = [502, 503, 504];

class Fetches extends EventTarget {
  #going = new Map(); // by job

  constructor() {
    super();
    onKeyLeft(() => this.#going.forEach(({ own }) => own.abort()));
    for (const wanted of keptForTab.readJson(KEPT, [])) this.begin(wanted);
  }

  /** How far the binding is that this job's download waits for. @returns {{part: number | null} | null} null: there is none */
  of(id) {
    return this.#going.get(id) ?? null;
  }

  /** One for each job. @param {{id: string, path: string, name: string}} wanted the path is below the job, the name a file's */
  async begin(wanted) {
    if (this.#going.has(wanted.id)) return;
    const going = { wanted, part: null, own: new AbortController() };
    this.#going.set(wanted.id, going);
    this.#tell();
    try {
      save(await this.#fetched(going), wanted.name);
    } catch (error) {
      fail(error);
    } finally {
      this.#going.delete(wanted.id);
      this.#tell();
    }
  }

  cancel(id) {
    this.#going.get(id)?.own.abort();
  }

  async #fetched(going) {
    const { wanted, own } = going;
    for (;;) {
      try {
        const answer = await request(`jobs/${wanted.id}/${wanted.path}`, { signal: own.signal });
        if (answer.status !== BEING_MADE) return await answer.blob();
        going.part = (await answer.json()).part;
        this.dispatchEvent(new Event("change"));
        await pause(SOON_MS, own.signal);
      } catch (error) {
        const isCut = error instanceof TypeError; // in the middle of its bytes: it is all that is told of a network
        if (!isCut && !(error instanceof Unreachable) && !AWAY.includes(error.status)) throw error;
        await pause(LATER_MS, own.signal);
      }
    }
  }

  #tell() {
    const wanted = [...this.#going.values()].map((each) => each.wanted);
    keptForTab.write(KEPT, wanted.length > 0 ? JSON.stringify(wanted) : null);
    this.dispatchEvent(new Event("change"));
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const left = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", left);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", left, { once: true });
  });
}

/** Tells by "change" that one has begun, come further, or ended. */
export const fetches = new Fetches();
