// What a tab remembers, and that nothing breaks where it may not.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../../mindwave_django/static/mindwave_django/chat/store.js";

class Memory {
  entries = new Map();
  getItem = (key) => this.entries.get(key) ?? null;
  setItem = (key, value) => void this.entries.set(key, String(value));
  removeItem = (key) => void this.entries.delete(key);
}

const forbidden = {
  getItem: () => fail(),
  setItem: () => fail(),
  removeItem: () => fail(),
};

function fail() {
  throw new DOMException("Storage is forbidden or full.", "QuotaExceededError");
}

test("each conversation has a draft of its own, and a new one too", () => {
  const store = new Store("page", new Memory());
  store.setDraft(null, "new");
  store.setDraft("a", "first");
  store.setDraft("b", "second");
  assert.deepEqual(
    [null, "a", "b", "c"].map((id) => store.draft(id)),
    ["new", "first", "second", ""],
  );
});

test("a draft is there after a reload", () => {
  const memory = new Memory();
  new Store("page", memory).setDraft("a", "unsent");
  assert.equal(new Store("page", memory).draft("a"), "unsent");
});

test("an empty draft leaves nothing behind", () => {
  const memory = new Memory();
  const store = new Store("page", memory);
  store.setDraft("a", "unsent");
  store.setDraft("a", "");
  assert.equal(memory.entries.size, 0);
});

test("pages do not see what others remember", () => {
  const memory = new Memory();
  new Store("one", memory).set("conversation", "a");
  assert.equal(new Store("other", memory).get("conversation"), null);
});

test("forbidden, full or missing storage is forgetful storage", () => {
  for (const storage of [forbidden, null]) {
    const store = new Store("page", storage);
    store.set("conversation", "a");
    store.setDraft("a", "unsent");
    store.setDraft("a", "");
    assert.equal(store.get("conversation"), null);
    assert.equal(store.draft("a"), "");
  }
});

test("without a storage of its own it asks the browser's, which may not exist", () => {
  assert.equal(new Store("page").get("conversation"), null);
});
