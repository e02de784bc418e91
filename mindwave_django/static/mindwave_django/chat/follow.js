// Scroll with the text while the reader is at its end, and never otherwise.

const NEAR = 48; // pixels from the end that still count as the end
const SETTLING = 1000; // milliseconds in which messages that come into sight get their real height

export class Follow {
  isFollowing = true;
  #scroller;
  #onChange;
  #last = 0;
  #kept = null; // what stays in its place while its surroundings get their real height

  constructor(scroller, onChange) {
    this.#scroller = scroller;
    this.#onChange = onChange;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const onWheel = (event) => event.deltaY < 0 && this.#leave();
    scroller.addEventListener("wheel", onWheel, { passive: true });
    for (const type of ["wheel", "touchmove", "pointerdown", "keydown"]) {
      scroller.addEventListener(type, () => (this.#kept = null), { passive: true });
    }
    // After each layout, when asking costs nothing: text has come, or a keyboard has slid in.
    const resized = new ResizeObserver(() => this.#resized());
    resized.observe(scroller);
    resized.observe(scroller.firstElementChild);
  }

  /** Go to the end, wherever the reader is. */
  jump() {
    this.#kept = null;
    this.#set(true);
    this.#toEnd();
  }

  /** Keep an element where it is on the screen while something is put above it. */
  keep(element, change) {
    const top = element.getBoundingClientRect().top;
    change();
    this.#kept = { element, top, until: performance.now() + SETTLING };
    this.#correct();
  }

  #correct() {
    const { element, top, until } = this.#kept;
    if (performance.now() > until) this.#kept = null;
    else this.#scroller.scrollTop += element.getBoundingClientRect().top - top;
  }

  #resized() {
    if (this.#kept) this.#correct();
    else if (this.isFollowing) this.#toEnd();
  }

  // Past the end: the browser stops there, and nobody has to ask where it is.
  #toEnd() {
    this.#scroller.scrollTop = 1e9;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const isUp = scrollTop < this.#last - 1;
    const isNear = scrollHeight - scrollTop - clientHeight <= NEAR;
    this.#last = scrollTop;
    if (isNear && !isUp) this.#set(true);
    else if (!isNear && isUp) this.#set(false);
  }

  #leave() {
    const { scrollHeight, clientHeight } = this.#scroller;
    if (scrollHeight > clientHeight) this.#set(false);
  }

  #set(isFollowing) {
    if (this.isFollowing === isFollowing) return;
    this.isFollowing = isFollowing;
    this.#onChange(isFollowing);
  }
}
