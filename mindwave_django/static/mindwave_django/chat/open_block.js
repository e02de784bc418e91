// A list, table or paragraph whose first part is settled and whose rest is still being written.

import { h } from "./dom.js";
import { nextBody } from "./long_table.js";
import { morph } from "./morph.js";
import { GLUE } from "./settle.js";

// In one box: laying out its last line, or its last item, costs as much as the whole box.
const LONGEST_PARAGRAPH = 8000; // characters
const LONGEST_LIST = 100; // items, or rows

export class OpenBlock {
  /**
   * Return what goes on after `part` was settled, which may be what went on before.
   *
   * `last` is the block that was settled last; `putBelow` places an element in a box of its own.
   */
  static after(before, part, tokens, { last, putBelow }) {
    if (before?.goesOnIn(tokens)) return before.settled(part, putBelow);
    const first = tokens.findLast((token) => token.level === 0 && token.nesting !== -1);
    return new OpenBlock(part, first, inner(last)).settled(part, putBelow);
  }

  constructor({ goesOn, prefix }, { type, markup }, element) {
    this.kind = goesOn;
    this.prefix = prefix;
    this.type = type;
    this.markup = markup;
    this.element = element;
    this.last = null; // the last settled node in it
    this.length = 0;
  }

  /** Return whether a text that was read behind the settled part belongs to the same block. */
  goesOnIn([first]) {
    return first?.type === this.type && first.markup === this.markup;
  }

  /** Move what belongs to this block from the built nodes into it. */
  update(tokens, built) {
    const rest = document.createDocumentFragment();
    if (this.goesOnIn(tokens)) {
      const block = built.firstChild;
      rest.append(...(inner(block)?.childNodes ?? []));
      block.remove();
    }
    if (this.kind === "paragraph") unglue(rest);
    morph(this.element, this.last, rest);
  }

  /** Take everything that stands in it now as settled. */
  settled(part, putBelow) {
    this.length += part.end;
    if (this.#isFull()) this.#goOnBelow(putBelow);
    this.last = this.element.lastChild;
    return this;
  }

  #isFull() {
    if (this.kind === "paragraph") return this.length > LONGEST_PARAGRAPH;
    return this.element.childElementCount >= LONGEST_LIST;
  }

  #goOnBelow(putBelow) {
    this.length = 0;
    if (this.kind === "table") {
      this.element = nextBody(this.element);
    } else {
      this.element = continuation(this.element);
      putBelow(this.element);
    }
  }
}

function continuation(element) {
  const start = element.nodeName === "OL" ? element.start + element.childElementCount : null;
  return h(element.nodeName, { class: "continued", dir: element.dir || null, start });
}

// Where the parts of a block stand: rows in the body of a table, which has a box of its own.
function inner(block) {
  return block.classList.contains("table") ? block.querySelector("tbody") : block;
}

function unglue(fragment) {
  const first = fragment.firstChild;
  if (first?.nodeType !== Node.TEXT_NODE || !first.data.startsWith(GLUE)) return;
  first.data = first.data.slice(GLUE.length);
  if (!first.data) first.remove();
}
