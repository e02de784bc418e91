// One question: what was asked, and a place to ask it differently.

import { h } from "./dom.js";
import { icon } from "./icons.js";

export class Question {
  element;
  id = null;
  #context;
  #bubble = h("div", { class: "bubble", part: "question", dir: "auto" });
  #edit;
  #editor = null;

  constructor(context, text) {
    this.#context = context;
    this.text = text;
    const { texts } = context;
    const attributes = { type: "button", class: "tool", "data-action": "edit", title: texts.edit };
    const onclick = () => this.edit();
    this.#edit = h("button", { ...attributes, "aria-label": texts.edit, onclick }, icon("edit"));
    this.element = h(
      "article",
      { class: "message question", part: "message user" },
      h("h2", { class: "visually-hidden" }, texts.question),
      this.#bubble,
      h("div", { class: "actions" }, this.#edit),
    );
  }

  get text() {
    return this.#bubble.textContent;
  }

  set text(text) {
    this.#bubble.textContent = text;
  }

  /** Only the latest question can be asked differently. */
  set isLatest(isLatest) {
    this.element.toggleAttribute("data-latest", isLatest);
  }

  /** Open the editor in place of the text. */
  edit() {
    if (this.#editor || !this.#context.canAsk()) return;
    this.#editor = this.#buildEditor();
    this.element.toggleAttribute("data-editing", true);
    this.#bubble.after(this.#editor);
    const field = this.#editor.elements.prompt;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }

  #buildEditor() {
    const { texts, maxLength } = this.#context;
    const label = { "aria-label": texts.edit, dir: "auto", maxlength: maxLength, rows: 3 };
    const field = h("textarea", { name: "prompt", part: "edit-field", ...label });
    field.value = this.text;
    const cancel = h(
      "button",
      { type: "button", class: "button", onclick: () => this.#close() },
      texts.cancel,
    );
    const send = h("button", { class: "button primary" }, texts.send);
    const form = h("form", { class: "editor" }, field, h("div", { class: "row" }, cancel, send));
    form.addEventListener("submit", (event) => this.#submit(event, field.value.trim()));
    form.addEventListener("keydown", (event) => this.#key(event));
    return form;
  }

  #submit(event, text) {
    event.preventDefault();
    if (!text) return;
    this.#close();
    this.#context.askAgain(this, text);
  }

  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      this.#close();
    } else if (event.key === "Enter" && !event.shiftKey && event.target.name === "prompt") {
      event.preventDefault();
      this.#editor.requestSubmit();
    }
  }

  #close() {
    this.#editor.remove();
    this.#editor = null;
    this.element.removeAttribute("data-editing");
    this.#context.focusField();
  }
}
