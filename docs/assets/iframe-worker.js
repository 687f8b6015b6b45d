// Browsers start no worker from the disk: there, the search of these pages runs in a hidden frame.
"use strict";

if (location.protocol === "file:") {
  window.Worker = class FrameWorker extends EventTarget {
    #frame = document.createElement("iframe");
    #waiting = [];
    onmessage = null;
    onerror = null;
    onmessageerror = null;

    constructor(address) {
      super();
      this.#frame.hidden = true;
      (document.body ?? document.documentElement).append(this.#frame);
      const inside = this.#frame.contentWindow;
      inside.postMessage = (data) => this.#tell(new MessageEvent("message", { data }));
      const script = inside.document.createElement("script");
      script.src = new URL(address, document.baseURI).href;
      script.addEventListener("load", () => this.#began());
      script.addEventListener("error", () => this.#tell(new ErrorEvent("error", { message: `${address} cannot be read` })));
      inside.document.head.append(script);
    }

    postMessage(data) {
      if (this.#waiting) this.#waiting.push(data);
      else this.#hand(data);
    }

    terminate() {
      this.#frame.remove();
    }

    #began() {
      const waiting = this.#waiting;
      this.#waiting = null;
      for (const data of waiting) this.#hand(data);
    }

    #hand(data) {
      const inside = this.#frame.contentWindow;
      if (!inside) return; // ended meanwhile
      // Later, as between a page and its worker: whoever sends a message has set up to hear the answer by then.
      inside.setTimeout(() => {
        const event = new inside.MessageEvent("message", { data });
        inside.onmessage?.(event);
        inside.dispatchEvent(event);
      });
    }

    #tell(event) {
      setTimeout(() => {
        this[`on${event.type}`]?.(event);
        this.dispatchEvent(event);
      });
    }
  };
}
