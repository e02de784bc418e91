// Scroll with the text while the reader is at its end, and never otherwise.

const NEAR = 48; // pixels from the end that still count as the end

export class Follow {
  isFollowing = true;
  #scroller;
  #onChange;
  #last = 0;
  #quiet = false;

  constructor(scroller, onChange) {
    this.#scroller = scroller;
    this.#onChange = onChange;
    scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const onWheel = (event) => event.deltaY < 0 && this.#leave();
    scroller.addEventListener("wheel", onWheel, { passive: true });
    // After each layout, when asking costs nothing: text has come, or a keyboard has slid in.
    const resized = new ResizeObserver(() => this.isFollowing && this.#toEnd());
    resized.observe(scroller);
    resized.observe(scroller.firstElementChild);
    
  }

  /** Go to the end, wherever the reader is. */
  jump({ smooth = false } = {}) {
    this.#set(true);
    if (!smooth) return this.#toEnd();
    this.#quiet = true;
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: "smooth" });
  }

  /** Keep what is on screen in its place while something is put above it. */
  keep(change) {
    const before = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    change();
    this.#scroller.scrollTop = this.#scroller.scrollHeight - before;
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
    if (isNear) this.#quiet = false;
    if (isNear && !isUp) this.#set(true);
    else if (!isNear && isUp && !this.#quiet) this.#set(false);
  }

  #leave() {
    const { scrollHeight, clientHeight } = this.#scroller;
    this.#quiet = false;
    if (scrollHeight > clientHeight) this.#set(false);
  }

  #set(isFollowing) {
    if (this.isFollowing === isFollowing) return;
    this.isFollowing = isFollowing;
    this.#onChange(isFollowing);
  }
}
