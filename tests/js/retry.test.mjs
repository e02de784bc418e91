// Lost lines: how often, how long, and where reading goes on.

import assert from "node:assert/strict";
import { test } from "node:test";

import { NOTHING, STREAM, world } from "./fakes.mjs";

/** Loses every line until the client gives up; returns the delays before each retry. */
function delaysOf(w) {
  const delays = [];
  w.client.stream("Hi");
  for (;;) {
    w.source.lose();
    if (!w.client.isStreaming()) return delays;
    const tried = w.sources.length;
    const delay = w.clock.nextIn;
    w.clock.advance(delay - 1);
    assert.equal(w.sources.length, tried, "tried too early");
    w.clock.advance(1);
    assert.equal(w.sources.length, tried + 1, "tried too late");
    delays.push(delay);
  }
}

test("three retries after 1, 2 and 4 seconds, then the error", () => {
  const w = world();
  assert.deepEqual(delaysOf(w), [1000, 2000, 4000]);
  assert.deepEqual(w.named("onRetry"), [1, 2, 3]);
  const [error] = w.named("onError");
  assert.equal(error.message, "Connection failed after 3 attempts");
  assert.equal(error.code, "connection_lost");
  assert.equal(error.retryable, true);
  assert.equal(w.calls.length, 4);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("the figures of the smaller client: five tries from one second, doubling", () => {
  const w = world({ maxRetries: 5, retryDelay: 1000, retryMultiplier: 2 });
  assert.deepEqual(delaysOf(w), [1000, 2000, 4000, 8000, 16000]);
  assert.equal(w.named("onError")[0].message, "Connection failed after 5 attempts");
});

test("every figure is an option", () => {
  const w = world({ maxRetries: 4, retryDelay: 200, retryMultiplier: 3 });
  assert.deepEqual(delaysOf(w), [200, 600, 1800, 5400]);
});

test("no retry at all", () => {
  const w = world({ maxRetries: 0 });
  assert.deepEqual(delaysOf(w), []);
  assert.deepEqual(w.named("onRetry"), []);
  assert.equal(w.named("onError")[0].message, "Connection failed after 0 attempts");
});

test("a delay no timer could wait is cut to the longest one", () => {
  const w = world({ retryDelay: 1e12 });
  w.client.stream("Hi");
  w.source.lose();
  assert.equal(w.clock.nextIn, 2 ** 31 - 1);
});

test("jitter only by option, and only ever shortens", () => {
  const environment = { random: () => 0.5 };
  assert.deepEqual(delaysOf(world({}, environment)), [1000, 2000, 4000]);
  assert.deepEqual(delaysOf(world({ jitter: 0.4 }, environment)), [800, 1600, 3200]);
  assert.deepEqual(delaysOf(world({ jitter: 1 }, { random: () => 0 })), [1000, 2000, 4000]);
});

for (const type of ["message", "reasoning", "heartbeat"]) {
  test(`${type} proves that the line works and resets the count`, () => {
    const w = world();
    w.client.stream("Hi");
    w.source.lose();
    w.clock.advance(1000);
    w.source.lose();
    w.clock.advance(2000);
    w.source.emit(type, "x", type === "heartbeat" ? "" : "s:1");
    w.source.lose();
    assert.equal(w.clock.nextIn, 1000);
    assert.deepEqual(w.named("onRetry"), [1, 2, 1]);
  });
}

test("a line that breaks after its start each time is not tried for ever", () => {
  const w = world();
  w.client.stream("Hi");
  for (const delay of [1000, 2000, 4000]) {
    w.source.start();
    w.source.lose();
    assert.equal(w.clock.nextIn, delay);
    w.clock.advance(delay);
  }
  w.source.start();
  w.source.lose();
  assert.equal(w.named("onError").length, 1);
});

test("the client closes the lost line, so that the browser does not try as well", () => {
  const w = world();
  w.client.stream("Hi");
  const lost = w.source;
  lost.lose();
  assert.equal(lost.isOpen, false);
  assert.equal(w.leftOver.sources, 0);
});

test("no retry and no error after a manual close", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.lose();
  w.client.close();
  w.clock.advance(60_000);
  assert.equal(w.sources.length, 1);
  assert.deepEqual(w.calls, [["onRetry", 1]]);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("close(false) is a lost line", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.emit("message", "Hello", "s:5");
  w.client.close(false);
  assert.equal(w.leftOver.sources, 0);
  assert.deepEqual(w.named("onRetry"), [1]);
  w.client.close(false); // already waiting
  assert.deepEqual(w.named("onRetry"), [1]);
  w.clock.advance(1000);
  assert.equal(w.source.url, "/api/stream?prompt=Hi&last_event_id=s%3A5");
});

test("a new line goes on at the position of the last event", () => {
  const w = world({ details: true });
  w.client.stream("Hi");
  assert.equal(w.source.url, "/api/stream?prompt=Hi&details=1");
  w.source.start("s:0");
  w.source.emit("message", "Hello", "s:5");
  w.source.emit("heartbeat", { status: "alive" }, "s:5");
  w.source.lose();
  w.clock.advance(1000);
  assert.equal(w.source.url, "/api/stream?prompt=Hi&last_event_id=s%3A5&details=1");
  w.source.start("s:5");
  w.source.emit("message", " world", "s:11");
  w.source.emit("done", { status: "complete" }, "s:end");
  assert.deepEqual(w.calls.map(([name]) => name), [
    "onStart",
    "onMessage",
    "onRetry",
    "onConnect",
    "onMessage",
    "onComplete",
  ]);
  assert.equal(w.named("onMessage").join(""), "Hello world");
});

test("positions with reasoning are sent back whole", () => {
  const w = world();
  w.client.resume(STREAM, { lastEventId: "s:0.4" });
  assert.equal(w.source.url, `${STREAM}?last_event_id=s%3A0.4`);
  w.source.emit("reasoning", "Hmm", "s:0.12");
  w.source.emit("message", "Hello", "s:5.12");
  w.source.lose();
  w.clock.advance(1000);
  assert.equal(w.source.url, `${STREAM}?last_event_id=s%3A5.12`);
});

test("the start alone is position enough: the model is not asked again", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.start("s:0");
  w.source.lose();
  w.clock.advance(1000);
  assert.equal(w.source.url, "/api/stream?prompt=Hi&last_event_id=s%3A0");
});

test("the position survives a line that brings nothing", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.emit("message", "Hello", "s:5");
  for (const delay of [1000, 2000]) {
    w.source.lose();
    w.clock.advance(delay);
  }
  assert.equal(w.source.url, "/api/stream?prompt=Hi&last_event_id=s%3A5");
});

test("a line that was let go cannot deliver the same text again", () => {
  const w = world();
  w.client.stream("Hi");
  const first = w.source;
  first.lose();
  w.clock.advance(1000);
  first.emit("message", "old", "s:3");
  first.lose();
  assert.deepEqual(w.calls, [["onRetry", 1]]);
  assert.equal(w.sources.length, 2);
  assert.equal(w.client.lastEventId, "");
});

test("onConnect comes once after a loss, before what the line brings, and not at first", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.start();
  w.source.lose();
  w.clock.advance(1000);
  w.source.lose();
  w.clock.advance(2000);
  w.source.emit("message", "Hello", "s:5");
  w.source.emit("message", "!", "s:6");
  assert.deepEqual(w.calls.slice(1), [
    ["onRetry", 1],
    ["onRetry", 2],
    ["onConnect"],
    ["onMessage", "Hello"],
    ["onMessage", "!"],
  ]);
});
