// What the client takes from its surroundings by itself: each test is a program of its own, which
// may change its globals.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const url = (name) => JSON.stringify(new URL(name, import.meta.url).href);

const CLIENT = url("../../mindwave_django/static/mindwave_django/client.js");

function run(program) {
  const imports = `
    import { MindwaveStreamingClient } from ${CLIENT};
    import { FakeEventSource } from ${url("fakes.mjs")};`;
  const node = ["--input-type=module", "--eval", imports + program];
  const { stdout, stderr } = spawnSync(process.execPath, node, { encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout.trim().split("\n");
}

test("importing it does nothing, and needs nothing", () => {
  const program = `
    const before = Object.getOwnPropertyNames(globalThis);
    await import(${CLIENT} + "?again");
    const after = Object.getOwnPropertyNames(globalThis);
    console.log(after.filter((name) => !before.includes(name)).length);`;
  assert.deepEqual(run(program), ["0"]);
});

test("a browser gives it all it needs", () => {
  const program = `
    globalThis.EventSource = FakeEventSource;
    const target = new EventTarget();
    globalThis.addEventListener = target.addEventListener.bind(target);
    globalThis.removeEventListener = target.removeEventListener.bind(target);
    globalThis.fetch = async (address) => new Response('{"error": "No.", "code": address}', {
      status: 403,
    });
    const client = new MindwaveStreamingClient({
      apiUrl: "/api/stream",
      retryDelay: 1,
      retryMultiplier: 1e6,
      onMessage: console.log,
      onRetry: console.log,
      onError: (error) => console.log(error.status),
    });
    client.stream("Hi");
    FakeEventSource.all[0].lose();
    while (FakeEventSource.all.length < 2) await new Promise((resolve) => setTimeout(resolve));
    FakeEventSource.all[1].lose();
    target.dispatchEvent(new Event("online"));
    FakeEventSource.all[2].emit("message", "Hello", "s:5");
    FakeEventSource.all[2].refuse();`;
  assert.deepEqual(run(program), ["1", "2", "Hello", "403"]);
});

test("without reportError what a callback throws is thrown a moment later", () => {
  const program = `
    process.once("uncaughtException", (error) => {
      console.log(error.message, client.isStreaming());
      client.close();
    });
    const onMessage = () => { throw new Error("oops"); };
    const environment = { EventSource: FakeEventSource };
    const client = new MindwaveStreamingClient({ apiUrl: "/", onMessage }, environment);
    client.stream("Hi");
    FakeEventSource.all[0].emit("message", "Hello", "s:5");
    console.log("went on");`;
  assert.deepEqual(run(program), ["went on", "oops true"]);
});
