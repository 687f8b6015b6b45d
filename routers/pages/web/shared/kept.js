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

  /** @param {string | null} value null: it is forgotten */
  write(key, value) {
    this.#with((storage) => (value === null ? storage.removeItem(key) : storage.setItem(key, value)));
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
