// One answer: its text, what the model thought, how it ended, and what can be done with it.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { MarkdownStream } from "./markdown.js";
import { Painter } from "./scheduler.js";
import { progressLine, secondsOf, usageLine } from "./usage.js";

const PATIENCE = 9000; // milliseconds without a word before the chat says that it still waits

export class Answer {
  element;
  id = null;
  source = "";
  #context;
  #text = h("div", { class: "text", part: "answer" });
  #note = h("div", { class: "note", part: "note" });
  #actions = h("div", { class: "actions", part: "actions" });
  #reasoning = null;
  #markdown;
  #painter = new Painter(() => this.#paint());
  #patience = null;
  #startedAt = null;
  #line = "";
  #live = null; // the figures of the moment
  #ending = null;

  constructor(context) {
    this.#context = context;
    const { texts } = context;
    this.element = h(
      "article",
      { class: "message answer", part: "message assistant" },
      h("h2", { class: "visually-hidden" }, texts.answer),
      this.#text,
      this.#note,
      this.#actions,
    );
    const onCode = (detail) => context.emit("mindwave:code", detail);
    this.#markdown = new MarkdownStream(this.#text, { texts, images: context.images, onCode });
  }

  /** Wait for the first word. */
  wait() {
    this.element.dataset.state = "waiting";
    this.element.setAttribute("aria-busy", "true");
    const { texts } = this.#context;
    const dots = h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    this.#note.replaceChildren(dots, h("span", { class: "words" }, texts.waiting));
    this.#patience = setTimeout(() => this.#sayStillWaiting(dots, texts.stillWaiting), PATIENCE);
    return this;
  }

  #sayStillWaiting(dots, words) {
    this.#note.replaceChildren(dots, h("span", {}, words));
    this.#context.announce(words);
  }

  /** Say that a stop is under way: the server has not confirmed it yet. */
  sayStopping() {
    clearTimeout(this.#patience);
    this.#note.replaceChildren(h("span", {}, this.#context.texts.stopping));
  }

  /** Add a piece of text; it is painted with the next frame. */
  write(text) {
    if (!this.source) this.#begin();
    this.source += text;
    this.#markdown.write(text);
    this.#painter.request();
  }

  #begin() {
    this.#startedAt = performance.now();
    clearTimeout(this.#patience);
    if (this.element.dataset.state === "waiting") this.#note.replaceChildren();
    this.element.dataset.state = "streaming";
  }

  /** Show how far the answer is, for those who see it: nobody is read numbers twice a second. */
  measure(figures) {
    const line = progressLine(figures, this.#context);
    const attributes = { class: "figures", part: "usage", "aria-hidden": "true" };
    if (this.#live) this.#live.textContent = line;
    else this.#actions.replaceChildren((this.#live = h("span", attributes, line)));
  }

  /** Add a piece of what the model thinks. */
  reason(text) {
    this.#reasoning ??= this.#addReasoning();
    this.#reasoning.appendData(text);
  }

  #addReasoning() {
    const text = document.createTextNode("");
    const summary = h("summary", {}, this.#context.texts.reasoning);
    const body = h("div", { class: "reasoning-text", dir: "auto" }, text);
    this.#text.before(h("details", { class: "reasoning", part: "reasoning" }, summary, body));
    return text;
  }

  #paint() {
    if (this.#markdown.paint()) this.#painter.request();
    if (this.#ending) this.#finish();
  }

  // A megabyte that came at once is shown piece by piece, also after its end.
  #finish() {
    if (this.#markdown.isFarBehind) return this.#painter.request();
    this.#painter.cancel();
    this.#markdown.end(this.#ending);
    this.#ending = null;
  }

  /** The answer is over: "complete", "stopped" or "failed", with words and a button for it. */
  end(state, { text = "", action = null, ...figures } = {}) {
    this.#rest(state, text || (this.source ? "" : this.#context.texts.empty), action);
    this.#ending = { isWhole: state === "complete" };
    this.#finish();
    this.#line = usageLine({ seconds: this.#seconds(), ...figures }, this.#context);
    this.#actions.replaceChildren(...this.#buttons());
  }

  /** The line is lost, and the answer may go on later: what arrived stays as it is. */
  pause(text, action) {
    this.#rest("failed", text, action);
    this.#paint();
  }

  #rest(state, text, action) {
    this.#painter.cancel();
    this.#live?.remove();
    this.#live = null;
    clearTimeout(this.#patience);
    this.element.removeAttribute("aria-busy");
    this.element.dataset.state = state;
    this.#note.replaceChildren(...(text ? [h("span", {}, text)] : []), ...this.#remedy(action));
  }

  #remedy(action) {
    const label = action && this.#context.texts[action];
    if (!label) return [];
    const onclick = () => this.#context.act(action, this);
    return [
      h("button", { type: "button", class: "button", "data-action": action, onclick }, label),
    ];
  }

  /** Go on after a pause. */
  goOn() {
    if (!this.source) return this.wait();
    this.#note.replaceChildren();
    this.element.dataset.state = "streaming";
    return this;
  }

  /** Show a stored message. */
  show(message) {
    this.id = message.id;
    if (message.reasoning) this.reason(message.reasoning);
    this.source = message.content;
    this.#markdown.write(message.content);
    const figures = this.#context.showUsage ? message : {};
    const { state, text, action } = endingOf(message, this.#context.texts);
    this.end(state, { ...figures, text, action, seconds: secondsOf(message) });
    return this;
  }

  /** Only the latest answer can be asked for again. */
  set isLatest(isLatest) {
    this.element.toggleAttribute("data-latest", isLatest);
  }

  /** Let go of timers; the nodes stay. */
  close() {
    this.#painter.cancel();
    clearTimeout(this.#patience);
  }

  #buttons() {
    const { texts, act } = this.#context;
    const button = (action, label, name) => {
      const attributes = { type: "button", class: "tool", "data-action": action, title: label };
      return h(
        "button",
        { ...attributes, "aria-label": label, onclick: () => act(action, this) },
        icon(name),
      );
    };
    return [
      this.source ? button("copy", texts.copyAnswer, "copy") : null,
      button("regenerate", texts.regenerate, "again"),
      this.#line ? h("span", { class: "figures", part: "usage" }, this.#line) : null,
    ].filter(Boolean);
  }

  #seconds() {
    return this.#startedAt && (performance.now() - this.#startedAt) / 1000;
  }
}

/** Return how a stored answer ended: `{ state, text, action }`. */
function endingOf({ state, reason, error }, texts) {
  if (state === "complete") return { state: "complete" };
  if (state === "cancelled") return stoppedBecause(reason, texts);
  return { state: "failed", text: error?.message ?? texts.interrupted, action: "retry" };
}

/** Return what to say of an answer that was stopped, and by whom. */
export function stoppedBecause(reason, texts) {
  if (reason === "user") return { state: "stopped", text: texts.stopped };
  return { state: "failed", text: texts.interrupted, action: "retry" };
}
