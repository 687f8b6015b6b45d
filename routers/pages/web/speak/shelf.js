/**
 * What was said, kept in this browser with its sound, where somebody asks for that. It holds so many of the newest, and
 * so many bytes of them; nothing is made in the browser's storage before the first is put in.
 */

import { SHELF } from "../shared/kept.js";

const STORE = "said";
const MOST = 50;
const MOST_BYTES = 100_000_000;

export class Shelf {
  #database = null;

  /** The newest first. @returns {Promise<{wanted: object, engine: string, voice: string, seconds: number, sound?: Blob}[]>} */
  async all() {
    const store = await this.#store("readonly");
    return (await done(store.getAll())).reverse();
  }

  /** Makes room for it first. What was asked for in the same way is there once; a sound that fills it alone is left out. */
  async put({ sound, ...words }) {
    const said = sound && sound.size <= MOST_BYTES / 2 ? { ...words, sound } : words;
    const key = JSON.stringify(said.wanted);
    const store = await this.#store("readwrite");
    const [ids, kept] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    let [bytes, count] = [sizeOf(said), 1];
    for (let index = kept.length - 1; index >= 0; index--) {
      if (JSON.stringify(kept[index].wanted) !== key) {
        bytes += sizeOf(kept[index]);
        if (++count <= MOST && bytes <= MOST_BYTES) continue;
      }
      store.delete(ids[index]);
    }
    await done(store.add(said));
  }

  /** Nothing of it stays in the browser. */
  async erase() {
    (await this.#database)?.close();
    this.#database = null;
    await done(indexedDB.deleteDatabase(SHELF));
  }

  async #store(mode) {
    this.#database ??= opened();
    const database = await this.#database;
    return database.transaction(STORE, mode).objectStore(STORE);
  }
}

function sizeOf({ wanted, sound }) {
  return wanted.text.length * 2 + (sound?.size ?? 0);
}

function opened() {
  const request = indexedDB.open(SHELF, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { autoIncrement: true });
  return done(request).then((database) => {
    database.onversionchange = () => database.close(); // another tab erases it
    return database;
  });
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
