// Reads the lines of a block of code until the one that ends it.

import { closes } from "./settle.js";

export class Fence {
  #token;
  #indent;
  #line = ""; // held back: it may be the closing one
  #isLineStart = true;

  constructor(token, indent, growing) {
    this.#token = token;
    this.#indent = indent;
    this.growing = growing;
  }

  /** Take text; return what follows the closing line, or null while there is none. */
  write(text) {
    const source = this.#line + text;
    this.#line = "";
    let shown = "";
    let at = 0;
    while (at < source.length) {
      const end = source.indexOf("\n", at);
      const line = source.slice(at, end === -1 ? undefined : end + 1);
      if (this.#isLineStart && end === -1 && this.#mayClose(line)) {
        this.#line = line;
        break;
      }
      if (this.#isLineStart && end !== -1 && closes(this.#token, line)) {
        this.growing.append(shown);
        return source.slice(end + 1);
      }
      shown += this.#isLineStart ? this.#dedent(line) : line;
      this.#isLineStart = end !== -1;
      at += line.length;
    }
    this.growing.append(shown);
    return null;
  }

  /** Show what was held back: nothing more comes. */
  end() {
    if (!closes(this.#token, this.#line)) this.growing.append(this.#dedent(this.#line));
    this.#line = "";
    return "";
  }

  #mayClose(line) {
    const text = line.trim();
    return line.length < 100 && text === this.#token.markup[0].repeat(text.length);
  }

  #dedent(line) {
    const spaces = line.search(/[^ ]|$/);
    return line.slice(Math.min(spaces, this.#indent));
  }
}
