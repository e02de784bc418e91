// client.d.ts names what client.js has, and nothing else.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as client from "../../mindwave_django/static/mindwave_django/client.js";

const address = new URL("../../mindwave_django/static/mindwave_django/client.d.ts", import.meta.url);
const types = readFileSync(address, "utf8");

/** Returns what a class declares, its constructor left out. */
function declared(name) {
  const [, body] = types.match(new RegExp(`^export class ${name} [^{]*{\n(.*?)^}`, "ms"));
  const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, member]) => member);
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
