/** Sounds that were fetched, heard one at a time: the one before is given back, and the last when the page is left. */

export class Player {
  #audio;

  /** @param {AbortSignal} signal @param {HTMLAudioElement} audio by default one that nobody sees */
  constructor(signal, audio = new Audio()) {
    this.#audio = audio;
    signal.addEventListener("abort", () => this.forget());
  }

  /** @param {Blob} sound */
  async play(sound) {
    this.forget();
    this.#audio.src = URL.createObjectURL(sound);
    this.#audio.hidden = false;
    try {
      await this.#audio.play();
    } catch (error) {
      if (error.name !== "AbortError") throw error; // another one was to be heard meanwhile
    }
  }

  forget() {
    this.#audio.pause();
    URL.revokeObjectURL(this.#audio.src);
    this.#audio.removeAttribute("src");
    this.#audio.hidden = true;
  }
}
