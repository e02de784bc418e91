// Which part of a growing text can no longer change.

import assert from "node:assert/strict";
import { test } from "node:test";

import { parseBlocks } from "../../../mindwave_django/static/mindwave_django/chat/markdown_parser.js";
import { GLUE, settledPart } from "../../../mindwave_django/static/mindwave_django/chat/settle.js";

function settled(source, from = 0) {
  const part = settledPart(parseBlocks(source), source, from);
  return part && source.slice(from, part.end);
}

const kind = (source) => settledPart(parseBlocks(source), source, 0)?.goesOn;

test("a block is settled once the next one has begun on a whole line", () => {
  assert.equal(settled("one"), null);
  assert.equal(settled("one\n\n"), null);
  assert.equal(settled("one\n\ntwo"), null);
  assert.equal(settled("one\n\ntwo\n"), "one\n\n");
  assert.equal(settled("one\n#"), null); // may become "#two", which goes on with the paragraph
  assert.equal(settled("one\n# two\n"), "one\n");
  assert.equal(settled(`one\n\n${"word ".repeat(20)}`), "one\n\n");
});

test("items of a list and rows of a table are settled one by one", () => {
  assert.equal(settled("- one\n"), null);
  assert.equal(settled("- one\n- two\n"), "- one\n");
  assert.equal(kind("- one\n- two\n"), "list");
  assert.equal(settled("- one\n  - inner\n- two\n- thr"), "- one\n  - inner\n");
  const table = "| a |\n|---|\n| 1 |\n";
  assert.equal(settled(table), null);
  assert.equal(settled(`${table}| 2 |\n`), table);
  assert.equal(kind(`${table}| 2 |\n`), "table");
});

test("a block of code is entered once its first line is whole", () => {
  const part = (source) => settledPart(parseBlocks(source), source, 0);
  assert.equal(part("```py"), null);
  const open = part("text\n\n```py\nx = 1\n");
  assert.equal(open.fence.info, "py");
  assert.equal(open.end, "text\n\n".length);
  assert.equal(open.content, "text\n\n```py\n".length);
  assert.equal(part("```\nx\n```\n"), null); // closed: an ordinary block
});

test("a long paragraph is settled between two words, never inside of emphasis", () => {
  const words = "word ".repeat(300);
  assert.equal(kind(words), "paragraph");
  assert.match(settled(words), /^(word )+word$/);
  assert.equal(settled(`**${words}`), null);
  assert.equal(settled(`\`${words}`), null);
});

test("what has no gap is cut somewhere, but not inside of a character", () => {
  for (const text of ["a".repeat(9001), "🙂".repeat(4501), `${"🙂".repeat(4501)}a`]) {
    const part = settled(text);
    assert.ok(part.length > 3000);
    assert.ok(part.isWellFormed(), JSON.stringify(part.slice(-3)));
  }
});

test("the rest of a paragraph stays one, whatever it begins with", () => {
  for (const rest of [" - 3 = 4", " # no", "    code", " 1. no"]) {
    assert.deepEqual(parseBlocks(GLUE + rest).map((token) => token.type)[0], "paragraph_open");
  }
});

test("everything is settled in the end, in the order it came", () => {
  const sources = [
    "> quoted\n".repeat(2000),
    "- a\n" + "  - b\n".repeat(3000),
    "x".repeat(50000),
    "\n".repeat(9000),
  ];
  for (const source of sources) {
    let at = 0;
    for (;;) {
      const tail = source.slice(at);
      const part = settledPart(parseBlocks(tail), tail, 0);
      if (!part || part.fence) break;
      assert.ok(part.end > 0 && part.end <= tail.length);
      at += part.end;
    }
    assert.ok(source.length - at <= 8000, String(source.length - at));
  }
});
