// Which conversation is open: the one that the page names, the one of before the reload, or none.

import { describe } from "./errors.js";

export class Loader {
  /** A conversation is on its way; `loading` resolves when it is there. */
  isLoading = false;
  loading = Promise.resolve();
  #api;
  #store;
  #host;
  #earlier = null;
  #count = 0; // of openings: what a former one brings too late is ignored

  constructor({ api, store, host }) {
    this.#api = api;
    this.#store = store;
    this.#host = host;
  }

  /** Open what was open before. */
  start(pinned) {
    return this.open(pinned || this.#store.get("conversation"), { isRemembered: !pinned });
  }

  /** Open a conversation, or an empty one for null. */
  open(id, options = {}) {
    const count = (this.#count += 1);
    this.isLoading = true;
    this.loading = this.#open(id, count, options).finally(() => {
      if (count === this.#count) this.isLoading = false;
    });
    return this.loading;
  }

  async #open(id, count, { isRemembered = false }) {
    this.#host.leave();
    this.#setEarlier(null);
    if (!id) return this.#host.show(null, []);
    try {
      const conversation = await this.#api.conversation(id);
      if (count !== this.#count) return;
      this.#setEarlier(conversation.earlier);
      this.#host.show(conversation, conversation.messages);
    } catch (error) {
      if (count === this.#count) this.#failed(error, isRemembered);
    }
  }

  // A remembered conversation may have been deleted since, or belong to somebody who logged out.
  #failed(error, isRemembered) {
    const isGone = error.status === 404 || error.status === 401;
    if (isGone && isRemembered) {
      this.#store.set("conversation", "");
      this.#host.show(null, []);
    } else {
      this.#host.refuseToOpen(describe(error, this.#host.texts).text);
    }
  }

  async earlier() {
    const [count, path] = [this.#count, this.#earlier];
    if (!path) return;
    this.#earlier = null; // one page at a time
    try {
      const page = await this.#api.earlier(path);
      if (count !== this.#count) return;
      this.#earlier = page.earlier;
      this.#host.transcript.showEarlier(page.messages, page.earlier !== null);
    } catch (error) {
      this.#earlier = path;
      this.#host.notices.refuse({ ...describe(error, this.#host.texts), action: null });
    }
  }

  #setEarlier(path) {
    this.#earlier = path;
    this.#host.transcript.setEarlier(path !== null);
  }

  /** Remember what is open now. */
  remember(id) {
    this.#store.set("conversation", id ?? "");
  }
}
