// Callbacks that throw, close the client, or ask the next question.

import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, NOTHING, settled, STREAM, world } from "./fakes.mjs";

const oops = () => {
  throw new Error("oops");
};

test("callbacks that throw are reported and break nothing", async () => {
  const names = ["onMessage", "onRetry", "onConnect", "onStart", "onReasoning", "onPosted"];
  const w = world(Object.fromEntries([...names, "onComplete"].map((name) => [name, oops])));
  w.client.send("Hi");
  await settled();
  await accept(w);
  w.source.start();
  w.source.emit("reasoning", "Hmm", "s:0.3");
  w.source.emit("message", "Hello", "s:5.3");
  w.source.lose();
  w.clock.advance(1000);
  assert.equal(w.source.url, `${STREAM}?last_event_id=s%3A5.3`);
  w.source.emit("message", "!", "s:6.3");
  w.source.emit("done", { status: "complete" }, "s:end");
  assert.deepEqual(w.calls.map(([name]) => name), [
    "onPosted",
    "onStart",
    "onReasoning",
    "onMessage",
    "onRetry",
    "onConnect",
    "onMessage",
    "onComplete",
  ]);
  assert.equal(w.thrown.length, 8);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("an onError that throws is reported too", () => {
  const w = world({ onError: oops, maxRetries: 0 });
  w.client.stream("Hi");
  w.source.lose();
  assert.equal(w.thrown.length, 1);
  assert.deepEqual(w.leftOver, NOTHING);
});

const closing = {
  onPosted: async (w) => {
    w.client.send("Hi");
    await settled();
    await accept(w);
  },
  onStart: (w) => w.source.start(),
  onMessage: (w) => w.source.emit("message", "Hello", "s:5"),
  onReasoning: (w) => w.source.emit("reasoning", "Hmm", "s:0.3"),
  onRetry: (w) => w.source.lose(),
  onConnect: (w) => {
    w.source.lose();
    w.clock.advance(1000);
    w.source.emit("message", "Hello", "s:5");
  },
};

for (const [name, cause] of Object.entries(closing)) {
  test(`${name} may close the client`, async () => {
    const w = world({ [name]: () => w.client.close() });
    w.client.stream("Hi");
    await cause(w);
    assert.equal(w.calls.at(-1)[0], name);
    assert.deepEqual(w.leftOver, NOTHING);
    w.clock.advance(60_000);
    assert.equal(w.calls.at(-1)[0], name);
  });
}

test("the line that onConnect drops loses no text", () => {
  const w = world({ onConnect: () => w.client.close(false) });
  w.client.stream("Hi");
  w.source.emit("message", "Hello", "s:5");
  w.source.lose();
  w.clock.advance(1000);
  w.source.emit("message", " world", "s:11");
  assert.equal(w.client.lastEventId, "s:5");
  assert.deepEqual(w.named("onMessage"), ["Hello"]);
});

test("onConnect may close the client before onPosted", async () => {
  const w = world({ onConnect: () => w.client.close() });
  w.client.send("Hi");
  await settled();
  w.network.last.reject();
  await settled();
  w.clock.advance(1000);
  await settled();
  await accept(w);
  assert.deepEqual(w.calls.map(([name]) => name), ["onRetry", "onConnect"]);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("the question that onPosted hears of has no line to drop any more", async () => {
  const w = world({ onPosted: () => w.client.close(false) });
  w.client.send("Hi");
  await settled();
  await accept(w);
  assert.equal(w.source.url, STREAM);
  w.clock.advance(1000);
  await settled();
  assert.equal(w.network.requests.length, 1);
  assert.deepEqual(w.named("onRetry"), []);
});

test("waking with an onRetry that closes opens nothing", () => {
  const w = world({ onRetry: () => w.client.close() });
  w.client.stream("Hi");
  w.clock.freeze(30_000);
  w.eventTarget.tell("online");
  assert.equal(w.sources.length, 1);
  assert.deepEqual(w.leftOver, NOTHING);
});

for (const [name, end] of [
  ["onComplete", (w) => w.source.emit("done", { status: "complete" }, "s:end")],
  ["onError", (w) => w.source.emit("failed", { code: "timeout" }, "s:end")],
]) {
  test(`${name} may ask the next question`, () => {
    const w = world({ [name]: () => w.client.stream("next") });
    w.client.stream("Hi");
    end(w);
    assert.equal(w.client.isStreaming(), true);
    assert.equal(w.source.url, "/api/stream?prompt=next");
    assert.deepEqual(w.leftOver, { timers: 1, sources: 1, listeners: 3, streaming: true });
  });
}
