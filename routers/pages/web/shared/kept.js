/** Words kept in the browser. Where its storage is switched off or full, nothing is kept and all else works. */

class Kept {
  #name;

  /** @param {"sessionStorage" | "localStorage"} name */
  constructor(name) {
    this.#name = name;
  }

  /** @returns {string | null} */
  read(key) {
    return this.#with((storage) => storage.getItem(key));
  }

  /** @param {string | null} value null: it is forgotten @returns {boolean} whether the browser did so */
  write(key, value) {
    return this.#with((storage) => (value === null ? storage.removeItem(key) : storage.setItem(key, value)) ?? true) !== null;
  }

  /** Forgets all of it. */
  clear() {
    this.#with((storage) => storage.clear());
  }

  /** What `writeJson` has kept; the other value where there is none. */
  readJson(key, otherwise) {
    return JSON.parse(this.read(key)) ?? otherwise;
  }

  writeJson(key, value) {
    this.write(key, JSON.stringify(value));
  }

  /** Browsers refuse by raising, already when the storage is looked at. */
  #with(work) {
    try {
      return work(window[this.#name]);
    } catch (error) {
      if (error instanceof DOMException) return null;
      throw error;
    }
  }
}

export const keptForTab = new Kept("sessionStorage");
export const keptForGood = new Kept("localStorage");

export const SHELF = "stts.said"; // the database of what was said with its sound
export const KEEPS_SAID = "stts.keep-said"; // in `keptForGood`: whether it is wanted

/** Nothing stays of what somebody has said, chosen or begun: in this tab, or in the browser. */
export function forgetAll() {
  keptForTab.clear();
  keptForGood.write(KEEPS_SAID, null);
  try {
    indexedDB.deleteDatabase(SHELF);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // a browser that keeps nothing
  }
}
