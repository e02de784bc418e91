// An answer that grows. What can no longer change is settled: it stands in the page and is never
// read again. Only the tail behind it is parsed anew, so a paint costs the same however long the
// answer has become.

import { buildCodeBlock, codeSource, GrowingCode } from "./code_block.js";
import { h } from "./dom.js";
import { Fence } from "./fence.js";
import { Builder } from "./markdown_dom.js";
import { parse, parseBlocks } from "./markdown_parser.js";
import { closeMarkers, mend } from "./mend.js";
import { morph } from "./morph.js";
import { OpenBlock } from "./open_block.js";
import { settledPart } from "./settle.js";

const SLICE = 2000; // characters read at once
const BUDGET = 8; // milliseconds of reading in one paint
const FAR = 20000; // characters that are too many to be read at once
const PART = 30; // blocks in one box: what is settled in earlier boxes is not laid out again

export class MarkdownStream {
  #root;
  #part;
  #builder;
  #texts;
  #onCode;
  #waiting = []; // has come, but was not read yet
  #tail = "";
  #shown = null; // the source that the live nodes stand for
  #settled = null; // the last settled node of the root
  #open = null; // a settled list, table or paragraph that the tail goes on with
  #fence = null;
  #definitions = { references: {} }; // a link's address counts only for what comes after it

  constructor(root, { texts, images = false, onCode = () => {} }) {
    this.#root = root;
    this.#part = this.#root.appendChild(h("div", { class: "part" }));
    this.#texts = texts;
    this.#builder = new Builder({ texts, images });
    this.#onCode = onCode;
  }

  /** Take text; it shows at the next `paint`. */
  write(text) {
    for (let at = 0; at < text.length; at += SLICE) this.#waiting.push(text.slice(at, at + SLICE));
  }

  /** More is waiting than can be shown without a pause for the page. */
  get isFarBehind() {
    return this.#waiting.reduce((sum, piece) => sum + piece.length, 0) > FAR;
  }

  /** Show what came; return whether more is waiting than one paint should show. */
  paint({ now = () => performance.now(), budget = BUDGET } = {}) {
    const until = now() + budget;
    do this.#read();
    while (this.#waiting.length && now() < until);
    this.#showTail();
    return this.#waiting.length > 0;
  }

  /** Show everything: nothing more comes. An answer that broke off may have open markers. */
  end({ isWhole = true } = {}) {
    while (this.#waiting.length) this.#read();
    if (this.#fence) this.#leaveFence(this.#fence.end());
    const source = this.#prefix + this.#tail;
    this.#settle(isWhole ? source : closeMarkers(source));
    this.#tail = "";
  }

  get #prefix() {
    return this.#open?.prefix ?? "";
  }

  #read() {
    const slice = this.#nextSlice();
    if (!this.#fence) {
      this.#tail += slice;
      this.#advance();
      return;
    }
    const rest = this.#fence.write(slice);
    if (rest === null) return;
    this.#leaveFence(rest);
    this.#advance();
  }

  // Small pieces are read together: each reading parses the tail.
  #nextSlice() {
    let slice = this.#waiting.shift() ?? "";
    let count = 0;
    while (count < this.#waiting.length && slice.length + this.#waiting[count].length <= SLICE) {
      slice += this.#waiting[count];
      count += 1;
    }
    this.#waiting.splice(0, count);
    return slice;
  }

  #advance() {
    while (!this.#fence) {
      const source = this.#prefix + this.#tail;
      const part = settledPart(parseBlocks(source), source, this.#prefix.length);
      if (!part) return;
      const tokens = this.#settle(source.slice(0, part.end));
      this.#open = part.goesOn ? this.#openBlock(part, tokens) : null;
      this.#settled = this.#part.lastChild;
      this.#tail = source.slice(part.end);
      if (!this.#open && this.#part.childElementCount >= PART) this.#nextPart();
      if (part.fence) this.#enterFence(part, source.slice(part.content));
    }
  }

  #openBlock(part, tokens) {
    const putBelow = (element) => {
      this.#nextPart();
      this.#part.append(element);
    };
    return OpenBlock.after(this.#open, part, tokens, { last: this.#part.lastChild, putBelow });
  }

  #nextPart() {
    this.#part = h("div", { class: "part" });
    this.#root.append(this.#part);
    this.#settled = null;
  }

  #enterFence({ fence, indent }, content) {
    const { block, code, language } = buildCodeBlock(fence.info, this.#texts);
    this.#part.append(block);
    this.#settled = block;
    this.#tail = "";
    this.#fence = new Fence(fence, indent, new GrowingCode(code));
    this.#fence.language = language;
    this.#fence.code = code;
    const rest = this.#fence.write(content);
    if (rest !== null) this.#leaveFence(rest);
  }

  #leaveFence(rest) {
    const { code: element, language, growing } = this.#fence;
    const text = growing.end();
    this.#fence = null;
    this.#tail = rest;
    this.#onCode({ element, language, text });
  }

  #showTail() {
    if (this.#fence) return;
    const source = mend(this.#prefix + this.#tail);
    if (source === this.#shown) return;
    const level = this.#builder.headingLevel;
    this.#render(source, { references: Object.create(this.#definitions.references) });
    this.#builder.headingLevel = level;
    this.#shown = source;
  }

  #settle(source) {
    const [before, inside] = [this.#settled, this.#open?.last];
    const tokens = this.#render(source, this.#definitions);
    if (this.#open) this.#announceCode(this.#open.element, inside);
    this.#announceCode(this.#part, before);
    this.#settled = this.#part.lastChild;
    this.#shown = null;
    return tokens;
  }

  #render(source, definitions) {
    const tokens = parse(source, definitions);
    const built = this.#builder.build(tokens);
    this.#open?.update(tokens, built);
    morph(this.#part, this.#settled, built);
    return tokens;
  }

  #announceCode(parent, before) {
    for (
      let node = before ? before.nextSibling : parent.firstChild;
      node;
      node = node.nextSibling
    ) {
      for (const code of node.querySelectorAll?.("pre > code") ?? []) {
        const language = /language-(\S+)/.exec(code.className)?.[1] ?? "";
        this.#onCode({ element: code, language, text: codeSource(code) });
      }
    }
  }
}
