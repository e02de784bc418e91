// <mindwave-chat>: its attributes, its methods, its life in the page. The parts are in chat/.

import { ChatView } from "./chat/view.js";

export class MindwaveChat extends HTMLElement {
  static observedAttributes = ["conversation", "height"];
  #view = null;

  connectedCallback() {
    this.#applyHeight();
    this.#view ??= new ChatView(this);
    this.#view.connect();
  }

  disconnectedCallback() {
    this.#view.disconnect();
  }

  attributeChangedCallback(name, before, after) {
    if (name === "height") this.#applyHeight();
    else if (this.#view && before !== after) this.#view.openConversation(after);
  }

  // An inline style would need `unsafe-inline`; a style object does not.
  #applyHeight() {
    const height = this.getAttribute("height");
    if (height) this.style.setProperty("--mindwave-height", height);
  }

  /** What the chat reads its conversations with; tests replace it. */
  fetch(url, options) {
    return fetch(url, options);
  }

  /** Ask a question. Returns false if it cannot be asked now, or a listener prevented it. */
  send(text) {
    return this.#view?.send(text) ?? false;
  }

  /** Stop the answer that is being written. */
  stop() {
    this.#view?.stop();
  }

  /** Open the panel of `layout="bubble"`. */
  open() {
    this.#view?.bubble?.open();
  }

  /** Close the panel of `layout="bubble"`; an answer goes on. */
  close() {
    this.#view?.bubble?.close();
  }

  /** Put the open conversation aside and begin another one. */
  newConversation() {
    this.#view?.openConversation(null);
  }

  /** The id of the open conversation, or null. */
  get currentConversation() {
    return this.#view?.conversation?.id ?? null;
  }
}
