// Lines that are silent without being closed, and pages that slept.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FakeClock, NOTHING, settled, STREAM, world } from "./fakes.mjs";

function streaming(options, environment) {
  const w = world(options, environment);
  w.client.resume(STREAM);
  return w;
}

test("30 seconds without any event are a lost line, before the server names its interval", () => {
  const w = streaming();
  w.clock.advance(29_999);
  assert.deepEqual(w.calls, []);
  w.clock.advance(1);
  assert.deepEqual(w.calls, [["onRetry", 1]]);
  assert.equal(w.leftOver.sources, 0);
  assert.equal(w.clock.nextIn, 1000);
});

for (const interval of [1, 15, 40]) {
  test(`two heartbeats of ${interval} s without any event are a lost line`, () => {
    const w = streaming();
    w.clock.advance(5000);
    w.source.start("s:0", interval);
    w.clock.advance(2000 * interval - 1);
    assert.deepEqual(w.named("onRetry"), []);
    w.clock.advance(1);
    assert.deepEqual(w.named("onRetry"), [1]);
  });
}

test("an interval that is no number is taken for 15 s", () => {
  for (const interval of [undefined, 0, -1, "x", null]) {
    const w = streaming();
    w.source.emit("start", { stream: "s", heartbeat_interval: interval }, "s:0");
    assert.deepEqual(w.named("onStart"), [{ streamId: "s", heartbeatInterval: 15 }]);
    w.clock.advance(29_999);
    assert.deepEqual(w.named("onRetry"), []);
    w.clock.advance(1);
    assert.deepEqual(w.named("onRetry"), [1]);
  }
});

test("any event keeps the line alive", () => {
  const w = streaming();
  for (const type of ["start", "message", "reasoning", "heartbeat"]) {
    w.source.emit(type, "{}");
    w.clock.advance(29_000);
  }
  assert.deepEqual(w.named("onRetry"), []);
  assert.equal(w.leftOver.timers, 1);
  w.clock.advance(1000);
  assert.deepEqual(w.named("onRetry"), [1]);
});

test("a clock that is set back holds the monitor up for one more turn only", () => {
  const clock = new FakeClock();
  let setBack = 0;
  const { setTimeout, clearTimeout } = clock;
  const now = () => clock.time - setBack;
  const w = streaming({}, { setTimeout, clearTimeout, now });
  setBack = 3_600_000;
  clock.advance(59_999);
  assert.deepEqual(w.named("onRetry"), []);
  clock.advance(1);
  assert.deepEqual(w.named("onRetry"), [1]);
});

test("silent lines are counted like lost ones", () => {
  const w = streaming();
  w.clock.advance(30_000 + 1000 + 30_000 + 2000 + 30_000 + 4000 + 29_999);
  assert.deepEqual(w.named("onRetry"), [1, 2, 3]);
  assert.deepEqual(w.named("onError"), []);
  w.clock.advance(1);
  assert.equal(w.named("onError")[0].message, "Connection failed after 3 attempts");
  assert.deepEqual(w.leftOver, NOTHING);
});

for (const type of ["online", "visibilitychange", "pageshow"]) {
  test(`${type} does not wait for the back-off`, () => {
    const w = streaming();
    w.source.lose();
    w.eventTarget.tell(type);
    assert.equal(w.sources.length, 2);
    assert.equal(w.leftOver.timers, 1, "the back-off is over, the monitor runs");
    assert.deepEqual(w.named("onRetry"), [1]);
    w.clock.advance(1000);
    assert.equal(w.sources.length, 2);
  });

  test(`${type} after a sleep reconnects at once, counted as a try`, () => {
    const w = streaming();
    w.source.emit("message", "Hello", "s:5");
    w.clock.freeze(30_000);
    w.eventTarget.tell(type);
    assert.deepEqual(w.named("onRetry"), [1]);
    assert.equal(w.sources.length, 2);
    assert.equal(w.source.url, `${STREAM}?last_event_id=s%3A5`);
    assert.equal(w.leftOver.sources, 1);
  });

  test(`${type} leaves a line alone that is not stale`, () => {
    const w = streaming();
    w.clock.freeze(29_999);
    w.eventTarget.tell(type);
    assert.deepEqual(w.calls, []);
    assert.equal(w.sources.length, 1);
  });
}

test("a page that becomes hidden wakes nothing", () => {
  const w = streaming();
  w.source.lose();
  w.eventTarget.visibilityState = "hidden";
  w.eventTarget.tell("visibilitychange");
  assert.equal(w.sources.length, 1);
});

test("waking after the last try was spent is the end", () => {
  const w = streaming({ maxRetries: 0 });
  w.clock.freeze(30_000);
  w.eventTarget.tell("online");
  assert.equal(w.named("onError").length, 1);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("waking sends a question that waits for its next try", async () => {
  const w = world();
  w.client.send("Hi");
  await settled();
  w.network.last.reject();
  await settled();
  w.eventTarget.tell("online");
  await settled();
  assert.equal(w.network.requests.length, 2);
});

test("listeners are there while an answer runs, and only then", () => {
  const w = world();
  assert.equal(w.eventTarget.listeners, 0);
  w.client.stream("one");
  assert.equal(w.eventTarget.listeners, 3);
  w.client.stream("two");
  assert.equal(w.eventTarget.listeners, 3);
  w.source.emit("done", { status: "complete" });
  assert.equal(w.eventTarget.listeners, 0);
});

test("no event target is fine", () => {
  const w = world({}, { eventTarget: null });
  w.client.stream("Hi");
  w.source.emit("done", { status: "complete" });
  assert.equal(w.named("onComplete").length, 1);
});
