/**
 * A button, and the space bar, that is held while one speaks. Decides nothing but held or not.
 */

const KEYS = new Set([" ", "Enter"]);
/** In these, the space bar has another meaning. */
const OWN_SPACE = "input, textarea, select, button, summary, a, dialog";

/** The last syllable is still in the air when the finger leaves. */
const TAIL_MS = 200;

export class PushToTalk {
  held = false;
  #button;
  #tell;
  #releasing = 0;

  /**
   * @param {HTMLElement} button
   * @param {(held: boolean) => void} tell
   * @param {() => boolean} wanted  whether pushing is how one talks at present
   */
  constructor(button, tell, wanted) {
    this.#button = button;
    this.#tell = tell;
    const press = (/** @type {Event} */ event) => {
      if (!wanted() || (event instanceof PointerEvent && event.button !== 0)) return;
      event.preventDefault(); // no scrolling, no click; but then no focus either
      button.focus();
      this.#hold();
    };
    button.addEventListener("pointerdown", press);
    addEventListener("keydown", (event) => { if (this.#means(event)) press(event); });
    addEventListener("keyup", (event) => { if (KEYS.has(event.key)) this.release(); });
    for (const type of ["pointerup", "pointercancel", "blur"]) {
      addEventListener(type, () => this.release());
    }
    button.addEventListener("contextmenu", (event) => { if (wanted()) event.preventDefault(); });
  }

  /** Also for whoever ends the conversation with the finger on the button. */
  release() {
    if (!this.held || this.#releasing) return;
    this.#releasing = setTimeout(() => {
      this.#releasing = 0;
      this.held = false;
      this.#tell(false);
    }, TAIL_MS);
  }

  #hold() {
    clearTimeout(this.#releasing);
    this.#releasing = 0;
    if (this.held) return;
    this.held = true;
    this.#tell(true);
  }

  /** @param {KeyboardEvent} event */
  #means({ key, target }) {
    if (target === this.#button) return KEYS.has(key);
    return key === " " && !(target instanceof Element && target.closest(OWN_SPACE));
  }
}
