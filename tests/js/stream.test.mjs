// One answer from start to end, while nothing goes wrong.

import assert from "node:assert/strict";
import { test } from "node:test";

import {
  MindwaveError,
  MindwaveStreamingClient,
} from "../../mindwave_django/static/mindwave_django/client.js";
import { FakeEventSource, NOTHING, STREAM, world } from "./fakes.mjs";

test("a prompt is asked for by GET, encoded", () => {
  const w = world();
  w.client.stream("a&b=ü ?");
  assert.equal(w.source.url, "/api/stream?prompt=a%26b%3D%C3%BC%20%3F");
  assert.equal(w.source.withCredentials, false);
});

test("an address may have a query of its own, and a fragment is left out", () => {
  const w = world({ apiUrl: "/api/stream?driver=demo#top", details: true, withCredentials: true });
  w.client.stream("Hi");
  assert.equal(w.source.url, "/api/stream?driver=demo&prompt=Hi&details=1");
  assert.equal(w.source.withCredentials, true);
});

test("text arrives exactly, in order, then the end with its data", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.start("s:0", 10);
  w.source.emit("message", " One\n\ntwo ", "s:10");
  w.source.emit("message", "", "s:10");
  w.source.emit("message", "three", "s:15");
  w.source.emit("done", { status: "complete", finish_reason: "stop" }, "s:end");
  assert.deepEqual(w.calls, [
    ["onStart", { streamId: "s", heartbeatInterval: 10 }],
    ["onMessage", " One\n\ntwo "],
    ["onMessage", ""],
    ["onMessage", "three"],
    ["onComplete", { status: "complete", finish_reason: "stop" }],
  ]);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("reasoning goes to its own callback", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.start();
  w.source.emit("reasoning", "Hmm", "s:0.3");
  w.source.emit("message", "Yes", "s:3.3");
  assert.deepEqual(w.calls.slice(1), [["onReasoning", "Hmm"], ["onMessage", "Yes"]]);
});

test("figures are asked for, and come with the rest without moving the position", () => {
  const w = world({ progress: true });
  w.client.stream("Hi");
  assert.equal(w.source.url, "/api/stream?prompt=Hi&progress=1");
  const figures = { tokens: 1, tokens_per_second: null, elapsed: 0.52, cost: 0.0012 };
  w.source.start();
  w.source.emit("message", "Hello", "s:5");
  w.source.emit("progress", figures);
  assert.deepEqual(w.calls.slice(1), [["onMessage", "Hello"], ["onProgress", figures]]);
  w.source.lose();
  w.clock.advance(1000);
  assert.equal(w.source.url, "/api/stream?prompt=Hi&last_event_id=s%3A5&progress=1");
});

test("figures show that the line works", () => {
  const w = world({ progress: true });
  w.client.stream("Hi");
  w.source.start();
  w.source.lose();
  w.clock.advance(1000);
  w.source.emit("progress", { tokens: 1 });
  w.source.lose();
  assert.deepEqual(w.named("onRetry"), [1, 1]);
});

test("a stopped answer ends like a complete one, with its reason", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.emit("done", { status: "cancelled", reason: "no_reader" }, "s:end");
  assert.deepEqual(w.calls, [["onComplete", { status: "cancelled", reason: "no_reader" }]]);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("a `done` that is no JSON counts as complete", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.emit("done", "[DONE");
  assert.deepEqual(w.named("onComplete"), [{ status: "complete" }]);
});

test("events whose data is no object break nothing", () => {
  for (const data of ["null", "7", ""]) {
    const w = world();
    w.client.stream("Hi");
    w.source.emit("progress", data);
    w.source.emit("start", data, "s:0");
    assert.deepEqual(w.calls, [["onStart", { streamId: "", heartbeatInterval: 15 }]]);
    w.source.emit("failed", data, "s:end");
    const [{ code, message, retryable }] = w.named("onError");
    assert.deepEqual([code, message, retryable], ["error", "The answer failed.", false]);
  }
});

test("a failure carries the server's code, and is not tried again", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.start();
  const data = { code: "timeout", message: "Too slow.", retryable: true, retry_after: 7 };
  w.source.emit("failed", data, "s:end");
  const [error] = w.named("onError");
  assert.ok(error instanceof MindwaveError && error instanceof Error);
  const { name, message, code, retryable, retryAfter, status } = error;
  assert.deepEqual(
    { name, message, code, retryable, retryAfter, status },
    {
      name: "MindwaveError",
      message: "Too slow.",
      code: "timeout",
      retryable: true,
      retryAfter: 7,
      status: undefined,
    },
  );
  assert.equal(w.sources.length, 1);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("an expired stream is a failure and asks nobody again", () => {
  const w = world();
  w.client.resume(STREAM, { lastEventId: "s:5" });
  const data = { code: "stream_expired", message: "Gone.", retryable: false };
  w.source.emit("failed", data, "s:end");
  assert.equal(w.named("onError")[0].code, "stream_expired");
  assert.equal(w.sources.length, 1);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("nothing is called back after close", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.start();
  w.client.close();
  w.source.emit("message", "late", "s:4");
  w.source.emit("done", { status: "complete" });
  w.source.lose();
  w.clock.advance(100_000);
  assert.deepEqual(w.calls.map(([name]) => name), ["onStart"]);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("closing before anything, and twice, does no harm", () => {
  const w = world();
  w.client.close();
  w.client.close(false);
  w.client.stream("Hi");
  w.client.close();
  w.client.close();
  w.client.close(false);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("it is streaming from the question to the end, also between two tries", () => {
  const w = world();
  assert.equal(w.client.isStreaming(), false);
  w.client.stream("Hi");
  assert.equal(w.client.isStreaming(), true);
  w.source.lose();
  assert.equal(w.client.isStreaming(), true);
  w.clock.advance(1000);
  w.source.emit("done", { status: "complete" });
  assert.equal(w.client.isStreaming(), false);
});

test("a new question closes the one before, silently", () => {
  const w = world();
  w.client.stream("one");
  const first = w.source;
  w.client.stream("two");
  assert.equal(first.isOpen, false);
  first.emit("message", "of one", "s:6");
  first.lose();
  w.source.emit("message", "of two", "t:6");
  assert.deepEqual(w.calls, [["onMessage", "of two"]]);
  assert.equal(w.leftOver.sources, 1);
  assert.equal(w.leftOver.timers, 1);
});

test("the position and the address are there to go on later", () => {
  const w = world();
  assert.equal(w.client.lastEventId, "");
  assert.equal(w.client.streamUrl, null);
  w.client.resume(STREAM);
  w.source.emit("message", "Hello", "s:5");
  w.source.emit("heartbeat", { status: "alive" });
  w.client.close();
  assert.equal(w.client.lastEventId, "s:5");
  assert.equal(w.client.streamUrl, STREAM);
});

test("an address of a chat on another host leads there too", () => {
  const w = world({ chatUrl: "https://api.example.com/mindwave/" });
  w.client.resume(STREAM, { lastEventId: "s:5" });
  assert.equal(w.source.url, `https://api.example.com${STREAM}?last_event_id=s%3A5`);
});

test("an address that EventSource refuses is an error of the client", () => {
  const w = world({ apiUrl: "http://[" });
  w.client.stream("Hi");
  assert.equal(w.named("onError")[0].code, "client_error");
  assert.deepEqual(w.leftOver, NOTHING);
});

test("apiUrl and onMessage are required; onChunk is another name for it", () => {
  const onMessage = () => {};
  for (const options of [undefined, {}, { onMessage }, { apiUrl: "/" }]) {
    assert.throws(() => new MindwaveStreamingClient(options), TypeError);
  }
  const texts = [];
  const options = { apiUrl: "/", onChunk: (text) => texts.push(text) };
  const client = new MindwaveStreamingClient(options, { EventSource: FakeEventSource });
  client.stream("Hi");
  FakeEventSource.all.at(-1).emit("message", "Hello", "s:5");
  client.close();
  assert.deepEqual(texts, ["Hello"]);
});

test("callbacks that were not given are not missed", () => {
  const options = { apiUrl: "/", onMessage: () => {}, maxRetries: 0 };
  const client = new MindwaveStreamingClient(options, { EventSource: FakeEventSource });
  for (const end of [(s) => s.emit("done", {}), (s) => s.emit("failed", {}), (s) => s.lose()]) {
    client.stream("Hi");
    end(FakeEventSource.all.at(-1));
    assert.equal(client.isStreaming(), false);
  }
});
