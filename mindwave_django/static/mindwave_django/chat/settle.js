// Which part of a growing text can no longer change. A block is settled once the next one has begun
// on a whole line; so is an item of a list, and a row of a table. What grows without end, such as a
// paragraph of a thousand words, is settled in pieces.

import { hasOpenMarkers } from "./mend.js";

const PARAGRAPH = 1000; // characters of a paragraph that are read anew
const LONGEST = 8000; // of anything; beyond this formatting may be lost, never text
const CERTAIN = 40; // of a line, after which it is known whether a block begins on it
const ROOM = 80; // characters at the end of a piece that may still change it
const TRIES = 12;

/**
 * Return what to settle of `source`, or null for nothing yet.
 *
 * `end` is an offset; `goesOn` names what the rest continues (a list, table or paragraph); `fence`
 * is the token of a code block that begins at `end` and has no end yet.
 */
export function settledPart(tokens, source, from) {
  const lines = new Lines(source);
  const blocks = tokens.filter((token) => token.level === 0 && token.nesting !== -1);
  const part =
    openFence(blocks, lines) ??
    wholeBlocks(blocks, lines) ??
    (blocks.length === 1 ? insideBlock(blocks[0], tokens, source, lines) : null) ??
    (source.length > LONGEST ? { end: lines.lastWholeLine() || source.length } : null);
  return part && (part.end > from || part.fence) ? part : null;
}

class Lines {
  constructor(source) {
    this.source = source;
    this.starts = [0];
    for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) {
      this.starts.push(at + 1);
    }
  }

  /** Return whether a line is long enough to say what begins on it; the last one has no end. */
  isCertain(line) {
    return this.isWhole(line) || this.source.length - this.offset(line) > CERTAIN;
  }

  isWhole(line) {
    return line < this.starts.length - 1;
  }

  offset(line) {
    return this.starts[line] ?? this.source.length;
  }

  lastWholeLine() {
    return this.starts.at(-1);
  }

  text(line) {
    return this.source.slice(this.offset(line), this.offset(line + 1));
  }
}

function openFence(blocks, lines) {
  const last = blocks.at(-1);
  if (last?.type !== "fence" || !lines.isWhole(last.map[0])) return null;
  if (last.map[1] - 1 > last.map[0] && closes(last, lines.text(last.map[1] - 1))) return null;
  const start = last.map[0];
  const indent = lines.text(start).search(/[`~]/);
  return { end: lines.offset(start), fence: last, indent, content: lines.offset(start + 1) };
}

/** Return whether a line ends a block of code that began with `markup`. */
export function closes({ markup }, line) {
  const text = line.trim();
  const indent = line.search(/\S/);
  return indent < 4 && text.length >= markup.length && text === markup[0].repeat(text.length);
}

// The start of the last of these that begins on a whole line, if something stands before it.
function lastBegun(tokens, lines) {
  const begun = tokens.slice(1).findLast((token) => lines.isCertain(token.map[0]));
  return begun ? lines.offset(begun.map[0]) : null;
}

function wholeBlocks(blocks, lines) {
  const end = lastBegun(blocks, lines);
  return end === null ? null : { end };
}

function insideBlock(block, tokens, source, lines) {
  if (!block || !block.map) return null;
  if (block.type.endsWith("_list_open")) return insideList(block, tokens, lines);
  if (block.type === "table_open") return insideTable(block, tokens, lines);
  return block.type === "paragraph_open" ? insideParagraph(source) : null;
}

function insideList(block, tokens, lines) {
  const items = tokens.filter((token) => token.level === 1 && token.type === "list_item_open");
  const end = lastBegun(items, lines);
  return end === null ? null : { end, goesOn: "list", prefix: "" };
}

function insideTable(block, tokens, lines) {
  const body = tokens.findIndex((token) => token.level === 1 && token.type === "tbody_open");
  if (body === -1) return null;
  const rows = tokens.slice(body).filter((token) => token.type === "tr_open");
  const end = lastBegun(rows, lines);
  const [first] = block.map;
  const prefix = lines.source.slice(lines.offset(first), lines.offset(first + 2));
  return end === null ? null : { end, goesOn: "table", prefix };
}

function insideParagraph(source) {
  if (source.length <= PARAGRAPH) return null;
  const end = gap(source) ?? (source.length > LONGEST / 2 ? anywhere(source) : null);
  return end === null ? null : { end, goesOn: "paragraph", prefix: GLUE };
}

// Put before the rest of a paragraph, so that "- 3 = 4" in its midst does not become a list.
export const GLUE = "\u2060"; // word joiner: no space, no punctuation, no width

// A space between two words outside of any markup. It stays at the beginning of the rest.
function gap(source) {
  let at = source.length - ROOM;
  for (let tries = 0; tries < TRIES && at > 0; tries += 1) {
    at = source.lastIndexOf(" ", at - 1);
    const isGap = at > 0 && /\S /.test(source.slice(at - 1, at + 1)) && /\S/.test(source[at + 1]);
    if (isGap && !hasOpenMarkers(source.slice(0, at))) return at;
  }
  return null;
}

function anywhere(source) {
  const at = source.lastIndexOf(" ", source.length - ROOM);
  if (at > ROOM) return at;
  // Never between the halves of a character.
  const end = source.length - ROOM;
  return /[\udc00-\udfff]/.test(source[end]) ? end - 1 : end;
}
