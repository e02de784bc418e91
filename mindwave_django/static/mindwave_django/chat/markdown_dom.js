// Tokens of the parser become DOM nodes. Nothing of an answer is ever read as HTML.

import { buildCodeBlock } from "./code_block.js";
import { h } from "./dom.js";
import { safeLink, safePicture } from "./links.js";

const PLAIN = {
  blockquote_open: "blockquote",
  bullet_list_open: "ul",
  thead_open: "thead",
  tbody_open: "tbody",
  tr_open: "tr",
  em_open: "em",
  strong_open: "strong",
  s_open: "s",
};
const SHORT = 20; // characters of a cell that stay together
const TASK = /^\[([ xX])\]\s+/;

/** Builds a fragment out of tokens; the options say what an answer may contain. */
export class Builder {
  /** The level of the last heading: levels never jump, whatever the model writes. */
  headingLevel = 2;

  constructor({ texts, images = false }) {
    this.texts = texts;
    this.images = images;
  }

  build(tokens) {
    const fragment = document.createDocumentFragment();
    const path = [fragment];
    for (const token of tokens) this.#place(token, path);
    return fragment;
  }

  #place(token, path) {
    if (token.type === "inline") return this.#inline(token, path.at(-1));
    if (token.nesting === -1) return void path.pop();
    const element = this.#element(token, path.at(-1));
    if (element && element !== path.at(-1)) path.at(-1).append(element.outer ?? element);
    if (token.nesting === 1) path.push(element?.inner ?? element ?? path.at(-1));
  }

  #inline(token, parent) {
    const path = [parent];
    for (const child of token.children) this.#place(child, path);
    if (/^T[DH]$/.test(parent.nodeName)) keepTogether(parent, token.content);
    if (parent.nodeName === "LI" || isFirstOfItem(parent)) addTask(parent);
  }

  #element(token, parent) {
    const { type } = token;
    if (PLAIN[type]) return h(PLAIN[type], type === "blockquote_open" ? { dir: "auto" } : {});
    switch (type) {
      case "text":
        return document.createTextNode(token.content);
      case "paragraph_open":
        return token.hidden ? parent : h("p", { dir: "auto" });
      case "list_item_open":
        return h("li", { dir: "auto" });
      case "ordered_list_open":
        return h("ol", { start: token.attrGet("start") });
      case "heading_open":
        return this.#heading(token);
      case "code_inline":
        return code(token.content);
      case "fence":
      case "code_block":
        return this.#codeBlock(token);
      case "table_open":
        return this.#table();
      case "th_open":
      case "td_open":
        return cell(token);
      case "link_open":
        return link(token.attrGet("href"));
      case "image":
        return this.#image(token, parent);
      case "hr":
        return h("hr");
      case "hardbreak":
      case "softbreak":
        return h("br");
      default:
        return token.content ? document.createTextNode(token.content) : null;
    }
  }

  #heading(token) {
    const written = Number(token.tag[1]);
    this.headingLevel = Math.min(written + 2, this.headingLevel + 1, 6);
    return h(`h${this.headingLevel}`, { class: `heading-${written}`, dir: "auto" });
  }

  #codeBlock(token) {
    const { block, code: element } = buildCodeBlock(token.info, this.texts);
    element.textContent = token.content.replace(/\n$/, "");
    return block;
  }

  #table() {
    const inner = h("table", { part: "table", dir: "auto" });
    const attributes = { class: "table", role: "group", tabindex: "0" };
    return { inner, outer: h("div", { ...attributes, "aria-label": this.texts.table }, inner) };
  }

  #image(token, parent) {
    const source = safePicture(token.attrGet("src"));
    if (source && this.images) return picture(source, token.content);
    const shown = document.createTextNode(token.content || source || this.texts.picture);
    if (!source || parent.closest("a")) return shown; // no link within a link
    const anchor = link(source);
    anchor.append(shown);
    return anchor;
  }
}

// A table that is too wide scrolls; a number and its unit stay on one line.
function keepTogether(cell, content) {
  if (content.length <= SHORT) cell.classList.add("short");
}

function isFirstOfItem(element) {
  return element.parentNode?.nodeName === "LI" && !element.previousSibling;
}

// - [ ] and - [x]: the parser leaves them as text.
function addTask(parent) {
  const first = parent.firstChild;
  const found = first?.nodeType === Node.TEXT_NODE && TASK.exec(first.data);
  if (!found) return;
  first.data = first.data.slice(found[0].length);
  parent.prepend(h("span", { class: "task" }, found[1] === " " ? "☐" : "☑"), " ");
  parent.closest("li").classList.add("has-task");
}

function code(content) {
  const element = h("code", { dir: "auto" });
  element.textContent = content;
  return element;
}

function cell(token) {
  const align = /text-align:(left|center|right)/.exec(token.attrGet("style") ?? "")?.[1];
  return h(token.tag, { class: align && `align-${align}`, dir: "auto" });
}

function link(address) {
  const href = safeLink(address);
  if (!href) return h("span");
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" });
}

function picture(src, alt) {
  return h("img", { src, alt, loading: "lazy", referrerpolicy: "no-referrer" });
}
