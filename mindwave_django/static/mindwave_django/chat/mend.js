// What to show of a text that is still growing: markers that have no end yet are closed or held
// back, so that no asterisk flashes up and no line changes its kind after it was shown.

const LONGEST_HELD = 1000; // characters of a line that may be held back
const MARKER_ONLY = /^\s*(?:>\s*)*(?:[-+*_=#]{1,6}|\d{1,9}[.)]?|[*_]{1,3}|`{1,2}|~{1,2})?\s*$/;
const FENCE = /^\s*(?:>\s*)*(?:(?:[-+*]|\d{1,9}[.)])\s+)?(?:`{3,}|~{3,})[^\n]*$/;
const ROW = /^\s*(?:>\s*)*\|/;
const DELIMITER = /^\s*(?:>\s*)*\|?[\s|:-]*$/;

/** Return the part of a growing text that can be shown, with its open markers closed. */
export function mend(text) {
  return closeMarkers(holdBack(text));
}

function holdBack(text) {
  const start = text.lastIndexOf("\n") + 1;
  const line = text.slice(start);
  if (line.length > LONGEST_HELD) return text;
  if (line && (MARKER_ONLY.test(line) || FENCE.test(line))) return text.slice(0, start);
  return holdTable(text, start, line);
}

// The head of a table is a paragraph until the line below says otherwise.
function holdTable(text, start, line) {
  if (ROW.test(line) && !continuesTable(text, start)) return text.slice(0, start);
  const above = text.lastIndexOf("\n", start - 2) + 1;
  const head = text.slice(above, Math.max(start - 1, above));
  const isOpen = start > 0 && head.length <= LONGEST_HELD && ROW.test(head) && DELIMITER.test(line);
  return isOpen && !continuesTable(text, above) ? text.slice(0, above) : text;
}

function continuesTable(text, start) {
  const above = text.slice(text.lastIndexOf("\n", start - 2) + 1, Math.max(start - 1, 0));
  return ROW.test(above);
}

const SPECIAL = /\\.|`+|\*+|_+|~~|!?\[|\]\(?/gsu;

/** Return a text that breaks off, with its open markers closed. */
export function closeMarkers(text) {
  const start = lastBlock(text);
  const block = text.slice(start);
  if (block.length > 4 * LONGEST_HELD || /^\s*(?:`{3,}|~{3,})/m.test(block)) return text;
  return text.slice(0, start) + closed(block);
}

function lastBlock(text) {
  const blank = text.lastIndexOf("\n\n");
  return blank === -1 ? 0 : blank + 2;
}

function closed(block) {
  const open = []; // markers that wait for their other half
  let link = -1; // where the text of a link begins
  SPECIAL.lastIndex = 0;
  for (let match; (match = SPECIAL.exec(block));) {
    const [mark] = match;
    const after = block[SPECIAL.lastIndex] ?? "";
    if (mark[0] === "`") {
      const end = block.indexOf(mark, SPECIAL.lastIndex);
      if (end === -1) return finish(block, [...open, mark], SPECIAL.lastIndex);
      SPECIAL.lastIndex = end + mark.length;
    } else if (mark.endsWith("[")) {
      link = match.index;
    } else if (mark === "](") {
      const end = block.indexOf(")", SPECIAL.lastIndex);
      if (end === -1) return withoutAddress(block, link, match.index, open);
      SPECIAL.lastIndex = end + 1;
    } else if (mark[0] !== "\\" && mark[0] !== "]") {
      note(open, mark, block[match.index - 1] ?? "", after);
    }
  }
  return finish(block, open, -1);
}

function note(open, mark, before, after) {
  if (mark[0] === "_" && /\w/.test(before) && /\w/.test(after)) return;
  const found = open.lastIndexOf(mark);
  if (found !== -1 && /\S/.test(before)) open.length = found;
  else if (mark.length <= 3 && /\S|^$/.test(after)) open.push(mark);
}

// [text](https://exam → the text alone, until the whole address is there.
function withoutAddress(block, link, end, open) {
  if (link === -1) return finish(block, open, -1);
  const text = block.slice(link, end).replace(/^!?\[/, "");
  return finish(block.slice(0, link) + text, open, -1);
}

function finish(block, open, contentStart) {
  const trimmed = block.trimEnd();
  const marks = [...open].reverse();
  const last = marks[0];
  if (!last) return block;
  if (contentStart === -1 ? trimmed.endsWith(last) : trimmed.length <= contentStart) {
    return finish(trimmed.slice(0, -last.length), open.slice(0, -1), -1);
  }
  return trimmed + marks.join("");
}

/** Return whether a text ends inside of emphasis, code or a link. */
export function hasOpenMarkers(text) {
  return closed(text) !== text;
}
