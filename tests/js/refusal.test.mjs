// Refusals: EventSource tells no reason, so the client asks once where that is free.

import assert from "node:assert/strict";
import { test } from "node:test";

import { NOTHING, settled, STREAM, world } from "./fakes.mjs";

/** A chat stream that was refused, and the client asks why. */
function refused(options) {
  const w = world(options);
  w.client.resume(STREAM, { lastEventId: "s:5" });
  w.source.refuse();
  return w;
}

async function answered(w, ...response) {
  w.network.last.respond(...response);
  await settled();
  return w;
}

test("it asks with the position, once, as EventSource did", () => {
  const w = refused();
  assert.equal(w.network.requests.length, 1);
  const { url, init } = w.network.last;
  assert.equal(url, `${STREAM}?last_event_id=s%3A5`);
  assert.equal(init.method ?? "GET", "GET");
  assert.equal(init.headers.Accept, "text/event-stream");
  assert.equal(init.credentials, "same-origin");
  assert.equal(init.cache, "no-store");
  assert.equal(refused({ withCredentials: true }).network.last.init.credentials, "include");
});

test("a refusal in JSON is final, with its code and text", async () => {
  const w = refused();
  await answered(w, 403, { error: "You are not allowed to do this.", code: "permission_denied" });
  const [error] = w.named("onError");
  assert.equal(error.message, "You are not allowed to do this.");
  assert.equal(error.code, "permission_denied");
  assert.equal(error.status, 403);
  assert.equal(error.retryable, false);
  assert.deepEqual(w.calls.map(([name]) => name), ["onError"]);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("a refusal in HTML is final too, with its status", async () => {
  const w = await answered(refused(), 404, "<h1>Not found</h1>");
  const [error] = w.named("onError");
  assert.equal(error.code, "http_error");
  assert.equal(error.status, 404);
  assert.equal(error.message, "The server answered with status 404.");
});

test("a driver that cannot stream will not be able to soon", async () => {
  const body = { error: "No.", code: "streaming_not_supported" };
  const w = await answered(refused(), 501, body);
  assert.equal(w.named("onError")[0].code, "streaming_not_supported");
});

for (const status of [500, 502, 503, 408, 425]) {
  test(`status ${status} counts as a try`, async () => {
    const w = await answered(refused(), status, "<h1>Oops</h1>");
    assert.deepEqual(w.calls, [["onRetry", 1]]);
    assert.equal(w.clock.nextIn, 1000);
    w.clock.advance(1000);
    assert.equal(w.source.url, `${STREAM}?last_event_id=s%3A5`);
    assert.equal(w.sources.length, 2);
  });
}

test("429 waits as long as the server asks", async () => {
  const body = { error: "Slow down.", code: "rate_limited", retry_after: 12 };
  const w = await answered(refused(), 429, body);
  assert.deepEqual(w.calls, [["onRetry", 1]]);
  assert.equal(w.clock.nextIn, 12_000);
  w.eventTarget.tell("online");
  assert.equal(w.sources.length, 1, "asked before the time the server named");
  w.clock.advance(12_000);
  assert.equal(w.sources.length, 2);
});

test("429 with a short time still waits for the back-off", async () => {
  const w = await answered(refused({ retryDelay: 5000 }), 429, "", { "Retry-After": "2" });
  assert.equal(w.clock.nextIn, 5000);
});

test("the header counts where the body says nothing", async () => {
  const w = await answered(refused(), 503, "", { "Retry-After": "30" });
  assert.equal(w.clock.nextIn, 30_000);
});

test("after the last try the error tells the last refusal", async () => {
  const w = refused({ maxRetries: 1 });
  const body = { error: "Slow down.", code: "rate_limited", retry_after: 12 };
  await answered(w, 429, body);
  w.clock.advance(12_000);
  w.source.refuse();
  await answered(w, 429, body);
  const [error] = w.named("onError");
  assert.equal(error.message, "Connection failed after 1 attempts");
  assert.equal(error.code, "connection_lost");
  assert.equal(error.status, 429);
  assert.equal(error.retryAfter, 12);
  assert.equal(error.cause.code, "rate_limited");
  assert.deepEqual(w.leftOver, NOTHING);
});

test("200 is a lost line, and its body is let go at once", async () => {
  const w = await answered(refused(), 200, "event: start");
  assert.equal(w.network.last.isAborted, true);
  assert.deepEqual(w.calls, [["onRetry", 1]]);
});

test("204 is the end: there is nothing more to read", async () => {
  const w = await answered(refused(), 204);
  assert.deepEqual(w.calls, [["onComplete", { status: "ended" }]]);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("no answer is a lost line", async () => {
  const w = refused();
  w.network.last.reject();
  await settled();
  assert.deepEqual(w.calls, [["onRetry", 1]]);
});

test("no answer in time is a lost line", async () => {
  const w = refused();
  w.clock.advance(29_999);
  assert.deepEqual(w.calls, []);
  w.clock.advance(1);
  assert.equal(w.network.last.isAborted, true);
  await settled();
  assert.deepEqual(w.calls, [["onRetry", 1]]);
});

test("closing while it asks ends everything", async () => {
  const w = refused();
  w.client.close();
  assert.equal(w.network.last.isAborted, true);
  await settled();
  assert.deepEqual(w.calls, []);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("closing while the body of the refusal is on its way ends everything", async () => {
  let arrive;
  const text = () => new Promise((resolve) => (arrive = resolve));
  const w = world({}, { fetch: async () => ({ ok: false, status: 403, text }) });
  w.client.resume(STREAM);
  w.source.refuse();
  await settled();
  w.client.close();
  arrive('{"error": "No.", "code": "permission_denied"}');
  await settled();
  assert.deepEqual(w.calls, []);
});

test("a direct stream without a position is never asked by fetch", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.refuse();
  assert.equal(w.network.requests.length, 0);
  assert.deepEqual(w.calls, [["onRetry", 1]]);
});

test("a direct stream with a position is", () => {
  const w = world();
  w.client.stream("Hi");
  w.source.start("s:0");
  w.source.refuse();
  assert.equal(w.network.last.url, "/api/stream?prompt=Hi&last_event_id=s%3A0");
});

test("a chat stream is asked even before its first event", () => {
  const w = world();
  w.client.resume(STREAM);
  w.source.refuse();
  assert.equal(w.network.last.url, STREAM);
});

test("a lost line is no refusal", () => {
  const w = world();
  w.client.resume(STREAM);
  w.source.lose();
  assert.equal(w.network.requests.length, 0);
  assert.deepEqual(w.calls, [["onRetry", 1]]);
});
