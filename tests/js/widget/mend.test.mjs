// What is shown of a text that is still growing.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  closeMarkers,
  hasOpenMarkers,
  mend,
} from "../../../mindwave_django/static/mindwave_django/chat/mend.js";

function shows(cases, change = mend) {
  for (const [text, wanted] of Object.entries(cases))
    assert.equal(change(text), wanted, JSON.stringify(text));
}

test("open markers are closed", () => {
  shows({
    "a **bold": "a **bold**",
    "a *word": "a *word*",
    "a _word": "a _word_",
    "a ~~word": "a ~~word~~",
    "a `code": "a `code`",
    "a ``co`de": "a ``co`de``",
    "**bold and *both": "**bold and *both***",
    "***all": "***all***",
    "**bold ": "**bold**",
  });
});

test("a marker without content is not shown yet", () => {
  shows({ "a **": "a ", "a *": "a ", "a `": "a ", "a ~~": "a ", "**a** and **": "**a** and " });
});

test("what is whole stays as it is", () => {
  for (const text of [
    "plain",
    "**bold** and *it* and `code`",
    "snake_case_name",
    "snake_case",
    "__init__ is there",
    "2 * 3 * 4",
    "a \\* b",
    "`**` is a marker",
    "items[0] and [note]",
    "[a](https://example.org) b",
    "a < b > c",
    "",
  ]) {
    assert.equal(mend(text), text);
  }
});

test("the address of a link is not shown before it is whole", () => {
  shows({
    "see [the page](https://exam": "see the page",
    "see ![a picture](https://exam": "see a picture",
    "**see [the page](htt": "**see the page**",
  });
});

test("a line that may become anything is held back", () => {
  shows({
    "text\n-": "text\n",
    "text\n- ": "text\n",
    "text\n1": "text\n",
    "text\n12.": "text\n",
    "text\n#": "text\n",
    "text\n###": "text\n",
    "text\n>": "text\n>".slice(0, 5),
    "text\n***": "text\n",
    "text\n`": "text\n",
    "text\n```": "text\n",
    "text\n```pyth": "text\n",
    "- item\n  ```sh": "- item\n",
  });
});

test("the head of a table waits for the line below it", () => {
  shows({
    "| a": "",
    "text\n\n| a | b |": "text\n\n",
    "text\n\n| a | b |\n": "text\n\n",
    "text\n\n| a | b |\n|--": "text\n\n",
    "| a |\n|---|\n": "| a |\n|---|\n",
    "| a |\n|---|\n| 1": "| a |\n|---|\n| 1",
    "| a |\nno table": "| a |\nno table",
  });
});

test("nothing long is held back", () => {
  const line = `| ${"word ".repeat(300)}`;
  assert.equal(mend(line), line);
});

test("markers in code are no markers", () => {
  const text = "```\na **b\n";
  assert.equal(mend(text), text);
});

test("an answer that broke off keeps every letter", () => {
  shows({ "a **b": "a **b**", "a\n-": "a\n-", "| a": "| a" }, closeMarkers);
});

test("open markers are known", () => {
  assert.ok(hasOpenMarkers("a **b"));
  assert.ok(hasOpenMarkers("a [b](https://exam"));
  assert.ok(!hasOpenMarkers("a **b** c"));
});
