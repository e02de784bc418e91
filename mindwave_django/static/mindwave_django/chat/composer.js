// The field, and the one button beside it: send, stop, or wait.

import { h, toggle } from "./dom.js";
import { icon } from "./icons.js";
import { fill } from "./texts.js";

const SECOND = 1000;

export class Composer {
  form;
  field;
  #button;
  #texts;
  #handlers;
  #state = "idle";
  #until = 0; // when a question may be sent again
  #tick = null;

  /** Take over the form that the server rendered, or build one. */
  constructor(form, { texts, ...handlers }) {
    this.form = form;
    this.#texts = texts;
    this.#handlers = handlers;
    this.field = form.querySelector("textarea[name=prompt]");
    this.#button = form.querySelector("button");
    form.noValidate = true; // an empty field must not keep an answer from being stopped
    this.#button.part.add("send-button");
    form.addEventListener("submit", (event) => this.#submit(event));
    this.field.addEventListener("keydown", (event) => this.#key(event));
    this.field.addEventListener("input", () => this.#input());
    this.#show();
  }

  get text() {
    return this.field.value;
  }

  set text(text) {
    this.field.value = text;
    this.#fit();
    this.#show();
  }

  /** One of "idle", "sending", "streaming", "stopping". */
  set state(state) {
    this.#state = state;
    this.#show();
  }

  /** Count down on the button: the server asked to wait. */
  countDown(seconds) {
    this.#until = Date.now() + Math.ceil(seconds) * SECOND;
    this.#count();
  }

  get secondsLeft() {
    return Math.max(0, Math.ceil((this.#until - Date.now()) / SECOND));
  }

  #count() {
    clearTimeout(this.#tick);
    if (this.secondsLeft > 0) this.#tick = setTimeout(() => this.#count(), SECOND / 4);
    this.#handlers.onTick(this.secondsLeft);
    this.#show();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  #submit(event) {
    event.preventDefault();
    if (this.#state !== "idle") this.#handlers.onStop();
    else if (!this.secondsLeft) this.#handlers.onSend(this.text);
  }

  #key(event) {
    // A keyCode of 229 is Safari's Enter that ends a composition.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      if (this.#state === "idle" && !this.secondsLeft) this.#handlers.onSend(this.text);
    } else if (event.key === "ArrowUp" && !this.text) {
      if (this.#handlers.onEditLast()) event.preventDefault();
    }
  }

  #input() {
    this.#fit();
    this.#show();
    this.#handlers.onDraft(this.text);
  }

  // Browsers with `field-sizing` do this by themselves.
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  #show() {
    const running = this.#state !== "idle";
    const seconds = running ? 0 : this.secondsLeft;
    const name = running ? "stop" : "send";
    const face = seconds ? h("span", { class: "seconds" }, String(seconds)) : icon(name);
    this.#button.replaceChildren(face);
    this.#button.dataset.state = this.#state;
    const label = seconds ? fill(this.#texts.wait, { seconds }) : this.#label();
    this.#button.setAttribute("aria-label", label);
    this.#button.title = label;
    // Not `disabled`: that would throw the focus away when the answer begins.
    const isIdle = !running && (seconds > 0 || !this.text.trim());
    this.#button.setAttribute("aria-disabled", String(isIdle || this.#state === "stopping"));
    toggle(this.form, "data-running", running);
  }

  #label() {
    if (this.#state === "stopping") return this.#texts.stopping;
    return this.#state === "idle" ? this.#texts.send : this.#texts.stop;
  }
}
