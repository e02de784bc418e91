// What a tab remembers over a reload: the open conversation, drafts, whether the list stands open.
// In the session storage, so that nothing stays on a shared computer. Storage may be forbidden or
// full; then the chat forgets, and works.

export class Store {
  #prefix;
  #storage;

  constructor(name, storage = sessionStorageOrNull()) {
    this.#prefix = `mindwave:${name}:`;
    this.#storage = storage;
  }

  get(key) {
    try {
      return this.#storage?.getItem(this.#prefix + key) ?? null;
    } catch {
      return null;
    }
  }

  /** Remember a text; an empty one is forgotten. */
  set(key, value) {
    try {
      if (value) this.#storage?.setItem(this.#prefix + key, value);
      else this.#storage?.removeItem(this.#prefix + key);
    } catch {
      // Full or forbidden.
    }
  }

  draft(conversation) {
    return this.get(`draft:${conversation ?? "new"}`) ?? "";
  }

  setDraft(conversation, text) {
    this.set(`draft:${conversation ?? "new"}`, text);
  }
}

// Reading the property alone throws where cookies are blocked.
function sessionStorageOrNull() {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}
