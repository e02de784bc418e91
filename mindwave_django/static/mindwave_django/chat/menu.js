// What else can be done with the open conversation, behind three dots.

import { h } from "./dom.js";
import { iconButton } from "./icons.js";
import { confirmInPlace } from "./inline_edit.js";

export class Menu {
  element;
  #button;
  #panel = h("div", { class: "menu-panel", part: "menu", hidden: true });
  #texts;

  constructor({ texts, onRename, onRemove }) {
    this.#texts = texts;
    this.#button = iconButton({
      action: "menu",
      label: texts.menu,
      name: "more",
      onclick: () => this.toggle(),
    });
    this.#button.setAttribute("aria-expanded", "false");
    this.element = h("div", { class: "menu" }, this.#button, this.#panel);
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("focusout", (event) => this.#left(event));
    this.onRename = onRename;
    this.onRemove = onRemove;
  }

  toggle(isOpen = this.#panel.hidden) {
    if (isOpen) this.#fill();
    this.#panel.hidden = !isOpen;
    this.#button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.#panel.querySelector("button").focus();
  }

  #fill() {
    const { rename, delete: remove } = this.#texts;
    const entry = (action, label, run) =>
      h(
        "button",
        { type: "button", class: "menu-entry", "data-action": action, onclick: run },
        label,
      );
    const choices = h("div");
    choices.append(
      entry("rename", rename, () => (this.toggle(false), this.onRename())),
      entry("delete", remove, () => this.#confirm(choices)),
    );
    this.#panel.replaceChildren(choices);
  }

  #confirm(choices) {
    const { deleteQuestion: question, delete: yes, cancel: no } = this.#texts;
    const onYes = () => (this.toggle(false), this.onRemove());
    confirmInPlace(choices, { question, yes, no, onYes });
  }

  #key(event) {
    if (event.key !== "Escape" || this.#panel.hidden) return;
    event.preventDefault();
    event.stopPropagation();
    this.toggle(false);
    this.#button.focus();
  }

  // The focus may pass through nowhere while one thing takes the place of another.
  #left({ relatedTarget }) {
    if (relatedTarget && !this.element.contains(relatedTarget)) this.toggle(false);
  }
}
