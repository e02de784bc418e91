// client.d.ts names what client.js has, and nothing else; docs/client.md names it all.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as client from "../../mindwave_django/static/mindwave_django/client.js";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const types = read("mindwave_django/static/mindwave_django/client.d.ts");
const page = read("docs/client.md");

/** Returns what a class or an interface declares, a constructor left out. */
function declared(name) {
  const [, body] = types.match(new RegExp(`^export \\w+ ${name} [^{]*{\n(.*?)^}`, "ms"));
  const lines = body.matchAll(/^ {2}(?:readonly )?(\w+)\??[(:]/gm);
  const members = [...lines].map(([, member]) => member);
  return members.filter((member) => member !== "constructor").sort();
}

test("the module exports the classes that are declared", () => {
  const classes = [...types.matchAll(/^export class (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(Object.keys(client).sort(), classes.sort());
});

test("the client has the members that are declared", () => {
  const members = Object.getOwnPropertyNames(client.MindwaveStreamingClient.prototype);
  const wanted = members.filter((member) => member !== "constructor");
  assert.deepEqual(declared("MindwaveStreamingClient"), wanted.sort());
});

test("an error has the members that are declared", () => {
  const own = Object.getOwnPropertyNames(new client.MindwaveError("oops"));
  const inherited = ["message", "stack"];
  const wanted = own.filter((member) => !inherited.includes(member));
  assert.deepEqual(declared("MindwaveError"), wanted.sort());
});

/** Returns the first cell and the second of each row below a heading. */
function rows(heading) {
  const [, section] = page.match(new RegExp(`^## ${heading}\n(.*?)(?=^## |$(?![\\s\\S]))`, "ms"));
  const lines = section.matchAll(/^\| `(\w+).*?` \| (.*?) ?\|/gm);
  return new Map([...lines].map(([, ...cells]) => cells));
}

test("the docs have a row for every option and callback", () => {
  const named = [...rows("Options").keys(), ...rows("Callbacks").keys()];
  assert.deepEqual([...new Set(named)].sort(), declared("StreamingOptions"));
});

test("the docs tell the same defaults as the types", () => {
  const told = [...types.matchAll(/Default (\w+)\. \*\/\n +(\w+)\?:/g)];
  assert.equal(told.length, 7);
  for (const [, value, name] of told) assert.equal(rows("Options").get(name), `\`${value}\``, name);
});

test("the docs name every method, every member of an error, and all that can be replaced", () => {
  const members = [...rows("Methods").keys(), "lastEventId", "streamUrl"];
  assert.deepEqual([...members].sort(), declared("MindwaveStreamingClient"));
  const names = [...declared("MindwaveError"), ...declared("Environment"), ...members.slice(-2)];
  for (const name of names) assert.ok(page.includes(`\`${name}\``), name);
});
