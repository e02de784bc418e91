// When to paint: once a frame, and in a hidden tab too, where no frame ever comes.

const HIDDEN = 250; // milliseconds to wait for a frame before painting without one
const FRAME = 16; // milliseconds a paint may take without slowing the next one down
const SHARE = 2; // after a slower one that took n milliseconds, the page is left alone for n times this

/** Where time comes from; tests bring their own. */
export const browserClock = {
  now: () => performance.now(),
  frame: (callback) => requestAnimationFrame(callback),
  cancelFrame: (handle) => cancelAnimationFrame(handle),
  timer: (callback, delay) => setTimeout(callback, delay),
  cancelTimer: (handle) => clearTimeout(handle),
};

/** Calls `paint` at most once a frame after `request()`, and more rarely while painting is slow. */
export class Painter {
  #paint;
  #clock;
  #frame = null;
  #timer = null;
  #rest = 0;
  #isMeasuring = false;
  #isWanted = false;

  constructor(paint, clock = browserClock) {
    this.#paint = paint;
    this.#clock = clock;
  }

  request() {
    if (this.#frame !== null || this.#timer !== null) return;
    this.#isWanted = this.#isMeasuring; // how slow the last paint was is not known yet
    if (this.#isWanted) return;
    const wait = this.#rest - this.#clock.now();
    if (wait > 0) this.#timer = this.#clock.timer(() => this.#ask(), wait);
    else this.#ask();
  }

  cancel() {
    if (this.#frame !== null) this.#clock.cancelFrame(this.#frame);
    if (this.#timer !== null) this.#clock.cancelTimer(this.#timer);
    this.#frame = this.#timer = null;
    this.#isWanted = false;
  }

  #ask() {
    const run = () => this.#run();
    this.#frame = this.#clock.frame(run);
    this.#timer = this.#clock.timer(run, HIDDEN);
  }

  #run() {
    this.cancel();
    const started = this.#clock.now();
    this.#isMeasuring = true;
    this.#paint();
    // Style and layout come after this callback: a task behind the frame sees what they cost.
    this.#clock.timer(() => this.#measure(started), 0);
  }

  #measure(started) {
    const now = this.#clock.now();
    const cost = now - started;
    if (cost > FRAME) this.#rest = now + cost * SHARE;
    this.#isMeasuring = false;
    if (this.#isWanted) this.request();
  }
}
