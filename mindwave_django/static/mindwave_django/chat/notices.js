// What is to be said outside of the dialogue: a lost line, a refusal, and, to screen readers, the
// boundaries of an answer. Tokens are never read out: that would drown everything else.

import { h } from "./dom.js";

export class Notices {
  line;
  notice = h("div", { class: "notice", part: "notice", hidden: true });
  announcer = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
  #texts;
  #act;

  constructor({ texts, act }) {
    this.#texts = texts;
    this.#act = act;
    this.line = h("div", { class: "line", part: "connection", hidden: true }, texts.reconnecting);
  }

  /** Say something to screen readers, also twice in a row. */
  announce(text) {
    this.announcer.textContent = "";
    this.announcer.append(h("p", {}, text));
  }

  reconnecting(isLost) {
    if (this.line.hidden === !isLost) return;
    this.line.hidden = !isLost;
    this.announce(isLost ? this.#texts.reconnecting : this.#texts.reconnected);
  }

  /** Show a refusal above the field, with one thing to do about it. */
  refuse({ text, action }) {
    const label = action && this.#texts[action];
    const onclick = () => this.#act(action, null);
    const button = { type: "button", class: "button", "data-action": action, onclick };
    this.notice.replaceChildren(
      h("span", {}, text),
      ...(label ? [h("button", button, label)] : []),
    );
    this.notice.hidden = false;
    this.announce(text);
  }

  /** Change the words of a notice, without saying them again. */
  reword(text) {
    if (this.notice.firstChild) this.notice.firstChild.textContent = text;
  }

  clear() {
    this.notice.hidden = true;
    this.notice.replaceChildren();
  }
}
