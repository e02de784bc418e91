// Code that grows: the line that ends it may come in any number of pieces.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Fence } from "../../../mindwave_django/static/mindwave_django/chat/fence.js";

function read(source, { size, markup = "```", indent = 0 }) {
  let shown = "";
  const fence = new Fence({ markup }, indent, { append: (text) => (shown += text) });
  for (let at = 0; at < source.length; at += size) {
    const rest = fence.write(source.slice(at, at + size));
    if (rest !== null) return { shown, rest: rest + source.slice(at + size) };
  }
  fence.end();
  return { shown, rest: null };
}

const SIZES = [1, 2, 3, 5, 1000];

test("ends at its own marker", () => {
  for (const size of SIZES) {
    assert.deepEqual(read("a\n\n  b\n```\nafter\n", { size }), {
      shown: "a\n\n  b\n",
      rest: "after\n",
    });
    assert.deepEqual(read("a\n   `````  \nx", { size }), { shown: "a\n", rest: "x" });
    assert.deepEqual(read("```\n~~~\nx", { size, markup: "~~~" }), { shown: "```\n", rest: "x" });
    assert.deepEqual(read("```\n````\nx", { size, markup: "````" }), { shown: "```\n", rest: "x" });
  }
});

test("goes on at what only looks like it", () => {
  for (const size of SIZES) {
    for (const source of ["``\n", "```py\n", "    ```\n", "a ```\n", "``` x\n"]) {
      assert.deepEqual(read(source, { size }), { shown: source, rest: null });
    }
  }
});

test("takes the indentation of its first line away", () => {
  for (const size of SIZES) {
    const { shown } = read("  a\n    b\n c\n", { size: Math.max(size, 9), indent: 2 });
    assert.equal(shown, "a\n  b\nc\n");
  }
});

test("a closing line at the very end is no code", () => {
  for (const size of SIZES) assert.deepEqual(read("a\n```", { size }).shown, "a\n");
  for (const size of SIZES) assert.deepEqual(read("a\n``", { size }).shown, "a\n``");
});
