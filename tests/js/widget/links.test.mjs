// Which addresses an answer may link to: what a browser would run stays a text.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  safeLink,
  safePicture,
} from "../../../mindwave_django/static/mindwave_django/chat/links.js";
import { parse } from "../../../mindwave_django/static/mindwave_django/chat/markdown_parser.js";

const CODE = "alert(1)";
const CONTROLS = [
  0x00, 0x01, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1f, 0x20, 0x7f, 0x85, 0xa0,
];
const SPACES = [0x2028, 0x2029, 0x200b, 0x200e, 0x202e, 0xfeff, 0x3000];
const characters = [...CONTROLS, ...SPACES].map((code) => String.fromCharCode(code));

const SPELLINGS = [
  ...["javascript", "JAVASCRIPT", "JaVaScRiPt", "jAvAsCrIpT"].map((scheme) => `${scheme}:${CODE}`),
  ...characters.map((character) => `${character}javascript:${CODE}`),
  ...characters.map((character) => `java${character}script:${CODE}`),
  ...characters.map((character) => `javascript${character}:${CODE}`),
  `&#106;avascript:${CODE}`,
  `&#x6A;avascript:${CODE}`,
  `javascript&colon;${CODE}`,
  `javascript&#58;${CODE}`,
  `java&Tab;script:${CODE}`,
  `java&NewLine;script:${CODE}`,
  `%6Aavascript:${CODE}`,
  `javascript%3A${CODE}`,
  `\\javascript:${CODE}`,
  `javascript:javascript:${CODE}`,
  `javascript://example.org/%0A${CODE}`,
  `ｊavascript:${CODE}`,
  `javascript：${CODE}`,
  `jаvascript:${CODE}`, // a Cyrillic а
  `feed:javascript:${CODE}`,
  `view-source:javascript:${CODE}`,
  `vbscript:msgbox(1)`,
  `VBScript:msgbox(1)`,
  `livescript:${CODE}`,
  `mocha:${CODE}`,
  `data:text/html,<script>${CODE}</script>`,
  `data:text/html;base64,PHNjcmlwdD4=`,
  `DATA:image/svg+xml,<svg onload=${CODE}>`,
  `blob:https://example.org/5b3a`,
  `filesystem:https://example.org/temporary/x`,
  `file:///etc/passwd`,
  `about:blank`,
  `ws://example.org`,
  `ftp://example.org`,
  `intent://example.org#Intent;end`,
  `tel:+49123`,
  `//example.org`,
  `\\\\example.org`,
  `/admin/delete/`,
  `delete`,
  `?delete`,
  `#top`,
  ``,
  ` `,
  `:`,
  `https://user:password@example.org`,
  `https://bank.example@evil.example`,
];

test("what is not http, https or mailto is no address", () => {
  assert.ok(SPELLINGS.length > 60);
  for (const spelling of SPELLINGS) {
    assert.equal(safeLink(spelling), null, JSON.stringify(spelling));
    assert.equal(safePicture(spelling), null, JSON.stringify(spelling));
  }
});

test("no spelling becomes a link or a picture in a text", () => {
  for (const spelling of SPELLINGS) {
    for (const source of [
      `[x](${spelling})`,
      `[x](<${spelling}>)`,
      `![x](${spelling})`,
      `<${spelling}>`,
      `[x]\n\n[x]: ${spelling}`,
    ]) {
      for (const address of addresses(source)) assert.fail(`${JSON.stringify(source)}: ${address}`);
    }
  }
});

// Of everything that becomes a link, but for harmless addresses that a spelling itself contains.
function addresses(source) {
  const children = parse(source, {}).flatMap((token) => token.children ?? []);
  return children
    .map((token) => token.attrGet("href") ?? token.attrGet("src"))
    .filter((address) => address && !/^https:\/\/(example\.org|user|bank\.example)/.test(address));
}

test("addresses that may stand in an answer", () => {
  const allowed = {
    "https://example.org/a?b=c&d#e": "https://example.org/a?b=c&d#e",
    "HTTPS://Example.ORG": "https://example.org/",
    "http://127.0.0.1:8000/": "http://127.0.0.1:8000/",
    "mailto:somebody@example.org": "mailto:somebody@example.org",
    "https://example.org/javascript:alert(1)": "https://example.org/javascript:alert(1)",
    "https://münchen.example/ä": "https://xn--mnchen-3ya.example/%C3%A4",
  };
  for (const [written, address] of Object.entries(allowed))
    assert.equal(safeLink(written), address);
});

test("mail is nothing to look at", () => {
  assert.equal(safePicture("mailto:somebody@example.org"), null);
  assert.equal(safePicture("https://example.org/a.png"), "https://example.org/a.png");
});
