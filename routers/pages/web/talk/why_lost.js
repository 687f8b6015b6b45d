/** A browser does not say why a socket was refused: the server is asked in another way, which asks for its key. */

import { fail, show } from "../shared/notice.js";
import { Refused, json, keyInUse, quietly } from "../shared/server.js";
import { text } from "../shared/texts.js";

/** Tells the reader. @param {AbortSignal} signal of the page @returns {Promise<boolean>} whether it is worth another try */
export async function whyLost(signal) {
  const before = keyInUse();
  try {
    await json("info");
  } catch (error) {
    fail(error);
    return false;
  }
  if (keyInUse() !== before) return !signal.aborted;
  const me = await quietly("me");
  if (me?.role === "read") fail(new Refused(403, { detail: text("error.reads_only") }));
  else show(text("talk.busy.title"), text("talk.busy.text"));
  return false;
}
