// What the buttons of the chat do.

import { copyText } from "./copying.js";
import { describe } from "./errors.js";

export class Actions {
  #view;
  #parts;

  constructor(view, parts) {
    this.#view = view;
    this.#parts = parts;
  }

  /** Carry out what a button is called; `subject` is what it stands beside. */
  act(action, subject) {
    this.#all[action]?.(subject);
  }

  #all = {
    copy: (answer) => this.copy(answer.source, answer.element.querySelector("[data-action=copy]")),
    regenerate: (answer) => this.#view.regenerate(answer),
    retry: (answer) => this.#retry(answer),
    reload: () => location.reload(),
    show: () => this.#open(this.#view.conversation?.id),
    earlier: () => this.#parts.loader.earlier(),
    list: () => this.#parts.drawer.toggle(),
    new: () => this.#open(null),
    open: (id) => this.#open(id),
    close: () => this.#parts.bubble.close(),
    renameTo: (conversation) => this.#rename(conversation),
    remove: (id) => this.#remove(id),
  };

  async copy(text, button = null) {
    const { copied } = this.#view.texts;
    if (await copyText(text, button, copied)) this.#view.announceText(copied);
  }

  // The button goes; the focus must not go with it.
  #retry(answer) {
    if (answer) this.#retryAnswer(answer);
    else this.#view.sendDraft(this.#parts.composer.text);
    this.#view.focusField();
  }

  #retryAnswer(answer) {
    if (this.#parts.session.isRunning) return;
    const { retry } = answer;
    answer.retry = null;
    if (retry) retry();
    else this.#view.regenerate(answer);
  }

  async #open(id) {
    this.#parts.drawer?.closeIfOver();
    await this.#view.openConversation(id);
    this.#view.focusField();
  }

  #rename({ id, title }) {
    return this.#change(async () => {
      const renamed = await this.#parts.api.rename(id, title);
      this.#parts.list?.put(renamed);
      if (id === this.#view.conversation?.id) this.#view.name(renamed);
    });
  }

  #remove(id) {
    return this.#change(async () => {
      await this.#parts.api.remove(id);
      this.#parts.list?.drop(id);
      if (id === this.#view.conversation?.id) await this.#open(null);
    });
  }

  async #change(change) {
    try {
      await change();
    } catch (error) {
      const { text } = describe(error, this.#view.texts);
      this.#parts.notices.refuse({ text, action: null });
    }
  }
}
