// A block of code: its language, a copy button, and text that only ever grows at its end.

import { h } from "./dom.js";
import { icon } from "./icons.js";

// In one box: the browser lays out the last box only while code grows.
const LINES = 60;
const LONGEST = 10_000; // characters; after twice as many, a line goes on in a box below

const sources = new WeakMap();

/** Return the text of a code block's element as it was written. */
export function codeSource(code) {
  return sources.get(code) ?? code.textContent;
}

/** Build the frame of a code block; its <code> is still empty. */
export function buildCodeBlock(info, texts) {
  const language = info.trim().split(/\s+/)[0] ?? "";
  const code = h("code", { class: language && `language-${language}` });
  const copy = h(
    "button",
    { type: "button", class: "copy", part: "copy-button", "data-action": "copy-code" },
    icon("copy"),
    h("span", {}, texts.copy),
  );
  const head = h("div", { class: "code-head", part: "code-head" }, h("span", {}, language), copy);
  const text = h(
    "pre",
    { tabindex: "0", role: "group", dir: "ltr", "aria-label": texts.code },
    code,
  );
  return { block: h("div", { class: "code", part: "code" }, head, text), code, language };
}

/** A code block that is still being written, line by line. */
export class GrowingCode {
  #code;
  #box = null;
  #lines = 0;
  #parts = [];

  constructor(code) {
    this.#code = code;
    code.replaceChildren();
  }

  /** Add text; whole boxes are never touched again. */
  append(text) {
    this.#parts.push(text);
    for (const piece of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) this.#add(piece);
  }

  #add(piece) {
    if (!this.#box || this.#isFull) {
      this.#box = document.createTextNode("");
      this.#lines = 0;
      this.#code.append(h("span", { class: "lines" }, this.#box));
    }
    this.#box.appendData(piece);
    if (piece.endsWith("\n")) this.#lines += 1;
  }

  get #isFull() {
    const { length, data } = this.#box;
    if (this.#lines >= LINES || length >= 2 * LONGEST) return true;
    return length >= LONGEST && data.endsWith("\n");
  }

  /** Return the whole text; a short block becomes one plain text, as highlighters expect it. */
  end() {
    const source = this.#parts.join("").replace(/\n$/, "");
    sources.set(this.#code, source);
    if (this.#code.childElementCount <= 1) this.#code.textContent = source;
    else if (this.#box.data.endsWith("\n")) this.#box.deleteData(this.#box.length - 1, 1);
    return source;
  }
}
