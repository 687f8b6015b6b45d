/** Whoever has waited long for the first sound is offered to see why. */

const LONG_MS = 1000;

export class Late {
  #link;
  #now;
  #asked = null;

  /** @param {HTMLAnchorElement} link @param {() => number} now milliseconds */
  constructor(link, now = () => performance.now()) {
    this.#link = link;
    this.#now = now;
  }

  begin() {
    this.#asked = this.#now();
    this.#link.hidden = true;
  }

  /** @param {string} requestId of what is spoken */
  by(requestId) {
    this.#link.href = `analytics?request=${encodeURIComponent(requestId)}`;
  }

  /** There is sound. */
  heard() {
    if (this.#asked !== null && this.#now() - this.#asked > LONG_MS) this.#link.hidden = false;
    this.#asked = null;
  }
}
