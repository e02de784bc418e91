// A round button in the corner that opens the chat: a panel beside the page, the whole of a phone.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const PHONE = "(max-width: 40rem)";

export class Bubble {
  button;
  dialog;
  #onOpen;

  constructor({ content, texts, mayClose, onOpen }) {
    this.#onOpen = onOpen;
    const label = { "aria-label": texts.openChat, title: texts.openChat, "aria-expanded": "false" };
    const attributes = { type: "button", class: "bubble-button", part: "bubble-button", ...label };
    this.button = h("button", { ...attributes, onclick: () => this.open() }, icon("chat"));
    this.dialog = h("dialog", { class: "panel", part: "panel", "aria-label": texts.chat }, content);
    this.dialog.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && mayClose()) this.close();
    });
    // The browser's own Escape, on a phone's modal dialog, must not close a running answer away.
    this.dialog.addEventListener("cancel", (event) => event.preventDefault());
    // A browser may close it all the same.
    this.dialog.addEventListener(
      "close",
      () => this.isOpen || this.button.hidden === false || this.#tell(false),
    );
    new ResizeObserver(() => this.#resized()).observe(this.dialog);
  }

  get isOpen() {
    return this.dialog.open;
  }

  open() {
    if (this.isOpen) return;
    this.#show();
    this.#tell(true);
  }

  // On a phone nothing of the page is left to use: the rest is out of reach.
  #show() {
    if (matchMedia(PHONE).matches) this.dialog.showModal();
    else this.dialog.show();
  }

  close() {
    if (!this.isOpen) return;
    this.dialog.close();
    this.#tell(false);
    this.button.focus();
  }

  #tell(isOpen) {
    this.button.hidden = isOpen;
    this.button.setAttribute("aria-expanded", String(isOpen));
    this.#onOpen(isOpen);
  }

  #resized() {
    if (!this.isOpen || this.dialog.matches(":modal") === matchMedia(PHONE).matches) return;
    this.dialog.close();
    this.#show();
  }
}
