/** Lists whose elements stay while what they show is the same, so that focus, sounds and progress stay too. */

/**
 * @typedef {object} Row
 * @property {HTMLElement} item
 * @property {(value: object) => void} [show] shows another value; without it the element is made anew
 * @property {() => void} [gone] gives back what it held
 */

export class KeyedList {
  #list;
  #idOf;
  #make;
  #rows = new Map();
  #last = null;

  /** @param {HTMLElement} list @param {(value: object) => string} idOf @param {(value: object) => Row} make */
  constructor(list, idOf, make) {
    this.#list = list;
    this.#idOf = idOf;
    this.#make = make;
    list.addEventListener("focusin", ({ target }) => (this.#last = this.#placeOf(target)));
    list.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && (this.#last = null)); // somebody went elsewhere
  }

  /** @param {object[]} values in the order in which they are to stand */
  show(values) {
    const place = this.#focused();
    const rows = new Map(values.map((value) => [this.#idOf(value), this.#row(value)]));
    for (const [id, row] of this.#rows) if (rows.get(id)?.item !== row.item) this.#remove(row);
    this.#rows = rows;
    [...rows.values()].forEach(({ item }, index) => {
      const there = this.#list.children[index];
      if (there !== item) this.#list.insertBefore(item, there ?? null); // what stands right is not moved: it would lose focus and sound
    });
    if (place && !this.#list.contains(document.activeElement)) this.#focus(place);
  }

  #row(value) {
    const shown = JSON.stringify(value);
    const row = this.#rows.get(this.#idOf(value));
    if (row?.show) row.show(value);
    else if (row?.shown !== shown) return this.#made(value, shown);
    return row;
  }

  #made(value, shown) {
    const row = this.#make(value);
    row.shown = shown;
    row.show?.(value);
    return row;
  }

  #remove({ item, gone }) {
    gone?.();
    item.remove();
  }

  /** Where the keyboard is, or was until that went: the row's number and name, and which of its buttons. */
  #focused() {
    const active = document.activeElement;
    if (this.#list.contains(active)) return this.#placeOf(active);
    const isLost = active === document.body && this.#last?.target.checkVisibility() === false;
    return isLost ? this.#last : null;
  }

  #placeOf(target) {
    const number = [...this.#rows.values()].findIndex(({ item }) => item.contains(target));
    const [id, row] = [...this.#rows][number] ?? [];
    return row ? { target, number, id, button: buttons(row.item).indexOf(target) } : null;
  }

  /** The same button of the row, else the row that has come in its place, else what the list is about. */
  #focus({ number, id, button }) {
    const rows = [...this.#rows.values()];
    const same = this.#rows.get(id);
    const row = same ?? rows[Math.min(number, rows.length - 1)];
    const all = row ? buttons(row.item) : [];
    const next = same && all[button]?.checkVisibility() ? all[button] : all.find((each) => each.checkVisibility());
    if (next) next.focus();
    else {
      const heading = this.#list.closest("section, form").querySelector("h2");
      heading.tabIndex = -1;
      heading.focus();
    }
  }
}

function buttons(item) {
  return [...item.querySelectorAll("button, a, input, select, summary, audio[controls]")];
}
