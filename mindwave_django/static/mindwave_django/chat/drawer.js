// Where the list of conversations stands: beside the dialogue, or over it where there is no room.

import { h } from "./dom.js";

const WIDE = 900; // pixels of the chat, not of the page

export class Drawer {
  scrim;
  #chat;
  #panel;
  #pane;
  #toggle;
  #store;
  #isWide = false;

  constructor({ chat, panel, pane, toggle, store, onOpen }) {
    Object.assign(this, { onOpen });
    this.#chat = chat;
    this.#panel = panel;
    this.#pane = pane;
    this.#toggle = toggle;
    this.#store = store;
    this.scrim = h("div", { class: "scrim", hidden: true, onclick: () => this.close() });
    panel.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(([entry]) => this.#resized(entry.contentRect.width)).observe(chat);
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }

  open({ focus = true } = {}) {
    this.#set(true);
    this.onOpen();
    if (focus) this.#panel.querySelector("button")?.focus();
  }

  close({ focus = true } = {}) {
    if (!this.isOpen) return;
    this.#set(false);
    if (focus) this.#toggle.focus();
  }

  /** Close it where it hides the dialogue. */
  closeIfOver() {
    if (!this.#isWide) this.close({ focus: false });
  }

  #set(isOpen) {
    this.#panel.hidden = !isOpen;
    this.#toggle.setAttribute("aria-expanded", String(isOpen));
    if (this.#isWide) this.#store.set("list", isOpen ? "open" : "");
    this.#arrange();
  }

  #arrange() {
    const isOver = this.isOpen && !this.#isWide;
    this.scrim.hidden = !isOver;
    this.#pane.inert = isOver;
    this.#chat.toggleAttribute("data-wide", this.#isWide);
  }

  #resized(width) {
    const isWide = width >= WIDE;
    if (isWide === this.#isWide) return this.#arrange();
    this.#isWide = isWide;
    const wanted = isWide && this.#store.get("list") === "open";
    if (wanted) this.open({ focus: false });
    else this.#panel.hidden = true;
    this.#toggle.setAttribute("aria-expanded", String(this.isOpen));
    this.#arrange();
  }

  #key(event) {
    if (event.key !== "Escape" || this.#isWide) return;
    event.stopPropagation();
    this.close();
  }
}
