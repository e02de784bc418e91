// The list of conversations: a column where there is room for it, else a drawer.

import { describe } from "./errors.js";
import { focused, h } from "./dom.js";
import { iconButton } from "./icons.js";
import { confirmInPlace, editInPlace } from "./inline_edit.js";

export class Conversations {
  element;
  #list = h("ul", { class: "list" });
  #more;
  #status = h("p", { class: "list-status" });
  #next = null;
  #current = null;
  #api;
  #texts;
  #act;

  constructor({ api, texts, act }) {
    this.#api = api;
    this.#texts = texts;
    this.#act = act;
    const onclick = () => this.#load(this.#next);
    this.#more = h(
      "button",
      { type: "button", class: "button more", hidden: true, onclick },
      texts.more,
    );
    const close = iconButton({
      action: "list",
      label: texts.close,
      name: "close",
      onclick: () => act("list"),
    });
    this.element = h(
      "nav",
      {
        class: "conversations",
        part: "conversations",
        "aria-label": texts.conversations,
        hidden: true,
      },
      h(
        "div",
        { class: "list-head" },
        h("span", { class: "list-title" }, texts.conversations),
        close,
      ),
      h("div", { class: "list-scroller" }, this.#list, this.#status, this.#more),
    );
  }

  /** Read the first page again. */
  async refresh() {
    await this.#load();
  }

  async #load(path) {
    try {
      const page = await this.#api.conversations(path);
      if (!path) this.#list.replaceChildren();
      const rows = page.conversations.map((conversation) => this.#row(conversation));
      this.#list.append(...rows);
      this.#next = page.next;
      const hadFocus = focused() === this.#more;
      this.#more.hidden = !page.next;
      if (hadFocus) focusRow(rows[0]);
      this.#status.textContent = this.#list.childElementCount ? "" : this.#texts.noConversations;
    } catch (error) {
      this.#status.textContent = describe(error, this.#texts).text;
    }
  }

  #row(conversation) {
    const texts = this.#texts;
    const name = conversation.title || texts.untitled;
    const onclick = () => this.#act("open", conversation.id);
    const open = h(
      "button",
      { type: "button", class: "open", dir: "auto", title: name, onclick },
      name,
    );
    const content = h("div", { class: "entry" }, open);
    const item = h("li", { "data-id": conversation.id }, content);
    const tool = (action, label, icon, run) =>
      iconButton({ action, label: `${label}: ${name}`, name: icon, onclick: run });
    content.append(
      tool("rename", texts.rename, "edit", () => this.#rename(open, conversation)),
      tool("delete", texts.delete, "trash", () => this.#remove(content, conversation)),
    );
    mark(item, conversation.id === this.#current);
    return item;
  }

  #rename(open, conversation) {
    const onSave = (title) => this.#act("renameTo", { ...conversation, title });
    editInPlace(open, { value: conversation.title, label: this.#texts.title, onSave });
  }

  #remove(content, conversation) {
    const { deleteQuestion: question, delete: yes, cancel: no } = this.#texts;
    const onYes = () => this.#act("remove", conversation.id);
    confirmInPlace(content, { question, yes, no, onYes });
  }

  /** Mark the open conversation, and move it to the top where it is not listed yet. */
  show(conversation) {
    this.#current = conversation?.id ?? null;
    for (const item of this.#list.children) mark(item, item.dataset.id === this.#current);
  }

  /** Show a new title, or a conversation that is not listed yet. */
  put(conversation) {
    const row = this.#row(conversation);
    const known = this.#find(conversation.id);
    const hadFocus = known?.contains(focused());
    if (known) known.replaceWith(row);
    else this.#list.prepend(row);
    if (hadFocus) focusRow(row);
    this.#status.textContent = "";
  }

  drop(id) {
    const row = this.#find(id);
    if (row?.contains(focused())) focusRow(row.nextElementSibling ?? row.previousElementSibling);
    row?.remove();
  }

  #find(id) {
    return [...this.#list.children].find((item) => item.dataset.id === id);
  }
}

// What had the focus is about to go: without another place, a keyboard begins anew at the top.
function focusRow(item) {
  item?.querySelector(".open")?.focus();
}

function mark(item, isCurrent) {
  const open = item.querySelector(".open");
  if (isCurrent) open?.setAttribute("aria-current", "page");
  else open?.removeAttribute("aria-current");
}
