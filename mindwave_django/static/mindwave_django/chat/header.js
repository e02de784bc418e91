// The line above the dialogue: its title, the way to other conversations, and a new one.

import { h } from "./dom.js";
import { iconButton } from "./icons.js";
import { editInPlace } from "./inline_edit.js";
import { Menu } from "./menu.js";

export class Header {
  element;
  toggle;
  #title;
  #heading;
  #texts;
  #act;
  #menu;

  constructor({ texts, act, hasList, isBubble }) {
    this.#texts = texts;
    this.#act = act;
    const button = (action, label, name) =>
      iconButton({ action, label, name, onclick: () => act(action) });
    this.toggle = hasList ? button("list", texts.conversations, "list") : null;
    const onclick = () => this.rename();
    this.#title = h("button", {
      type: "button",
      class: "title",
      part: "title",
      "data-action": "rename",
      onclick,
    });
    this.#menu = new Menu({
      texts,
      onRename: () => this.rename(),
      onRemove: () => act("remove", this.conversation.id),
    });
    this.#heading = h("div", { class: "heading" }, this.#title);
    this.element = h(
      "header",
      { class: "header", part: "header" },
      this.toggle,
      this.#heading,
      hasList ? button("new", texts.newConversation, "plus") : null,
      this.#menu.element,
      isBubble ? button("close", texts.close, "close") : null,
    );
    this.toggle?.setAttribute("aria-expanded", "false");
    this.show(null);
  }

  /** Show the title of a conversation, or that it is a new one. */
  show(conversation) {
    this.conversation = conversation;
    const title = conversation?.title || this.#texts.newConversation;
    this.#title.textContent = title;
    this.#title.title = conversation ? this.#texts.rename : "";
    this.#title.disabled = !conversation;
    this.#menu.element.hidden = !conversation;
  }

  rename() {
    if (!this.conversation) return;
    editInPlace(this.#title, {
      value: this.conversation.title,
      label: this.#texts.title,
      onSave: (title) => this.#act("renameTo", { ...this.conversation, title }),
    });
  }
}
