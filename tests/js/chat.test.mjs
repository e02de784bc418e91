// Questions that the server stores: send, regenerate, edit and cancel.

import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, NOTHING, POSTED, settled, STREAM, world } from "./fakes.mjs";

const CANCEL = "/mindwave/messages/m1/cancel/";

async function sent(options, environment) {
  const w = world(options, environment);
  w.posted = w.client.send("Hi");
  await settled();
  return w;
}

async function lost(w) {
  w.network.last.reject();
  await settled();
}

test("a question is posted, then its answer is streamed", async () => {
  const w = world({ csrfToken: "secret" });
  const posted = w.client.send("Hi", {
    conversation: "c1",
    driver: "signed",
    model: "m",
    temperature: 0.5,
    maxTokens: 10,
    idempotencyKey: "k1",
  });
  await settled();
  const { url, init } = w.network.last;
  assert.equal(url, "/mindwave/messages/");
  assert.equal(init.method, "POST");
  assert.equal(init.credentials, "same-origin");
  assert.deepEqual(init.headers, {
    Accept: "application/json",
    "Content-Type": "application/json",
    "X-CSRFToken": "secret",
    "Idempotency-Key": "k1",
  });
  assert.deepEqual(JSON.parse(init.body), {
    prompt: "Hi",
    conversation: "c1",
    driver: "signed",
    model: "m",
    temperature: 0.5,
    max_tokens: 10,
  });
  assert.equal(w.client.isStreaming(), true);
  await accept(w);
  assert.deepEqual(await posted, POSTED);
  assert.equal(w.source.url, STREAM);
  w.source.start("m1:0");
  w.source.emit("message", "Hello", "m1:5");
  w.source.emit("done", { status: "complete" }, "m1:end");
  assert.deepEqual(w.calls.map(([name]) => name), [
    "onPosted",
    "onStart",
    "onMessage",
    "onComplete",
  ]);
  assert.deepEqual(w.named("onPosted"), [POSTED]);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("what is not given is not sent", async () => {
  const w = await sent();
  assert.deepEqual(JSON.parse(w.network.last.init.body), { prompt: "Hi" });
  assert.equal("X-CSRFToken" in w.network.last.init.headers, false);
});

test("details and credentials travel with the stream and with requests", async () => {
  const w = await sent({ details: true, withCredentials: true });
  assert.equal(w.network.last.init.credentials, "include");
  await accept(w);
  assert.equal(w.source.url, `${STREAM}?details=1`);
  assert.equal(w.source.withCredentials, true);
});

test("the slash at the end of chatUrl may be missing, and it may be on another host", async () => {
  const w = await sent({ chatUrl: "https://api.example.com/mindwave" });
  assert.equal(w.network.last.url, "https://api.example.com/mindwave/messages/");
  await accept(w);
  assert.equal(w.source.url, `https://api.example.com${STREAM}`);
});

test("the token may come from a function, asked each time", async () => {
  let tokens = 0;
  const w = await sent({ csrfToken: async () => `t${++tokens}` });
  assert.equal(w.network.last.init.headers["X-CSRFToken"], "t1");
  await lost(w);
  w.clock.advance(1000);
  await settled();
  assert.equal(w.network.last.init.headers["X-CSRFToken"], "t2");
});

test("a token that cannot be had is an error of the client", async () => {
  const w = await sent({
    csrfToken: () => {
      throw new Error("no cookie");
    },
  });
  const [error] = w.named("onError");
  assert.equal(error.code, "client_error");
  assert.equal(error.message, "no cookie");
  assert.equal(await w.posted, null);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("each question has a key of its own", async () => {
  const w = await sent();
  const first = w.network.last.init.headers["Idempotency-Key"];
  w.client.send("Hi");
  await settled();
  const second = w.network.last.init.headers["Idempotency-Key"];
  assert.match(first, /^[\x21-\x7e]{20,128}$/);
  assert.notEqual(first, second);
});

test("keys are random without randomUUID, as on pages without HTTPS", async () => {
  const key = async (crypto) => {
    const w = await sent({}, { crypto, random: () => 0.999 });
    return w.network.last.init.headers["Idempotency-Key"];
  };
  assert.equal(await key({ randomUUID: () => "uuid" }), "uuid");
  const getRandomValues = (bytes) => bytes.fill(10);
  assert.equal(await key({ getRandomValues }), "0a".repeat(16));
  assert.equal(await key(null), "ff".repeat(16));
});

test("a lost question is sent again with the same key, within the same figures", async () => {
  const w = await sent();
  for (const delay of [1000, 2000, 4000]) {
    await lost(w);
    assert.equal(w.clock.nextIn, delay);
    w.clock.advance(delay);
    await settled();
  }
  await lost(w);
  const { requests } = w.network;
  assert.equal(requests.length, 4);
  assert.equal(new Set(requests.map(({ init }) => init.body)).size, 1);
  const keys = new Set(requests.map(({ init }) => init.headers["Idempotency-Key"]));
  assert.equal(keys.size, 1);
  assert.deepEqual(w.named("onRetry"), [1, 2, 3]);
  const [error] = w.named("onError");
  assert.equal(error.message, "Connection failed after 3 attempts");
  assert.equal(error.code, "connection_lost");
  assert.deepEqual(new Set([error.idempotencyKey]), keys);
  assert.equal(await w.posted, null);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("once a repeated question is through, the line works and the count starts anew", async () => {
  const w = await sent();
  await lost(w);
  w.clock.advance(1000);
  await settled();
  await accept(w);
  assert.deepEqual(w.calls.map(([name]) => name), ["onRetry", "onConnect", "onPosted"]);
  w.source.lose();
  assert.deepEqual(w.named("onRetry"), [1, 1]);
});

test("a body that breaks off is a lost question", async () => {
  const body = new ReadableStream({ pull: (controller) => controller.error(new TypeError("cut")) });
  const w = await sent({}, { fetch: async () => new Response(body, { status: 201 }) });
  assert.deepEqual(w.calls, [["onRetry", 1]]);
});

test("a question without an answer for 30 s is given up and sent again", async () => {
  const w = await sent();
  w.clock.advance(30_000);
  assert.equal(w.network.last.isAborted, true);
  await settled();
  assert.deepEqual(w.calls, [["onRetry", 1]]);
  w.clock.advance(1000);
  await settled();
  assert.equal(w.network.requests.length, 2);
});

test("a proxy that says the server is away lost the question", async () => {
  const w = await sent();
  w.network.last.respond(502, "<h1>Bad gateway</h1>");
  await settled();
  assert.deepEqual(w.calls, [["onRetry", 1]]);
});

test("a refusal comes at once, with all it says", async () => {
  const w = await sent();
  const body = { error: "Slow down.", code: "rate_limited", retry_after: 12 };
  w.network.last.respond(429, body);
  await settled();
  const [error] = w.named("onError");
  assert.equal(error.message, "Slow down.");
  assert.equal(error.code, "rate_limited");
  assert.equal(error.status, 429);
  assert.equal(error.retryAfter, 12);
  assert.equal(error.retryable, true);
  assert.equal(await w.posted, null);
  assert.equal(w.network.requests.length, 1);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("a busy conversation may be asked later, a malformed question may not", async () => {
  const busy = await sent();
  busy.network.last.respond(409, { error: "Busy.", code: "conversation_busy" });
  const wrong = await sent();
  const fields = { prompt: ["This field is required."] };
  wrong.network.last.respond(400, { error: "Wrong.", code: "invalid_request", fields });
  await settled();
  assert.equal(busy.named("onError")[0].retryable, true);
  assert.equal(wrong.named("onError")[0].retryable, false);
  assert.deepEqual(wrong.named("onError")[0].fields, fields);
});

test("a refusal of the server itself is not a lost question", async () => {
  const w = await sent();
  w.network.last.respond(503, { error: "Full.", code: "overloaded", retry_after: 3 });
  await settled();
  assert.equal(w.named("onError")[0].code, "overloaded");
});

test("Django's own page about a missing token is a refusal", async () => {
  const w = await sent();
  w.network.last.respond(403, "<h1>CSRF verification failed</h1>");
  await settled();
  assert.equal(w.named("onError")[0].code, "http_error");
  assert.equal(w.named("onError")[0].status, 403);
});

test("an answer that names no stream cannot be read", async () => {
  for (const body of ["<h1>Log in</h1>", "[]", "{}"]) {
    const w = await sent();
    w.network.last.respond(200, body);
    await settled();
    assert.equal(w.named("onError")[0].code, "invalid_response");
    assert.deepEqual(w.leftOver, NOTHING);
  }
});

test("close while a question is on its way", async () => {
  const w = await sent();
  w.client.close();
  assert.equal(w.network.last.isAborted, true);
  assert.equal(await w.posted, null);
  assert.deepEqual(w.calls, []);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("close while a question waits for its next try", async () => {
  const w = await sent();
  await lost(w);
  w.client.close();
  assert.equal(await w.posted, null);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("close(false) while a question is on its way sends it again", async () => {
  const w = await sent();
  w.client.close(false);
  w.clock.advance(1000);
  await settled();
  assert.equal(w.network.requests.length, 2);
});

test("regenerate and edit", async () => {
  const w = world();
  w.client.regenerate("m1", { idempotencyKey: "k1" });
  await settled();
  assert.equal(w.network.last.url, "/mindwave/messages/m1/regenerate/");
  assert.equal(w.network.last.init.body, "{}");
  assert.equal(w.network.last.init.headers["Idempotency-Key"], "k1");
  w.client.edit("q 1", "Better");
  await settled();
  assert.equal(w.network.requests[0].isAborted, true);
  assert.equal(w.network.last.url, "/mindwave/messages/q%201/edit/");
  assert.equal(w.network.last.init.body, '{"prompt":"Better"}');
  await accept(w);
  assert.equal(w.source.url, STREAM);
});

test("questions need chatUrl", async () => {
  const w = world({ chatUrl: undefined });
  await assert.rejects(w.client.send("Hi"), /chatUrl/);
  await assert.rejects(w.client.regenerate("m1"), /chatUrl/);
  assert.equal(w.client.isStreaming(), false);
});

test("cancel tells the server, and the answer ends by itself", async () => {
  const w = await sent({ csrfToken: "secret", details: true });
  await accept(w);
  const cancelled = w.client.cancel();
  await settled();
  const { url, init } = w.network.last;
  assert.equal(url, CANCEL);
  assert.equal(init.method, "POST");
  assert.equal(init.headers["X-CSRFToken"], "secret");
  const message = { id: "m1", state: "cancelled" };
  w.network.last.respond(200, { message });
  assert.deepEqual(await cancelled, message);
  assert.equal(w.client.isStreaming(), true);
  w.source.emit("done", { status: "cancelled", reason: "user" }, "m1:end");
  assert.deepEqual(w.calls.at(-1), ["onComplete", { status: "cancelled", reason: "user" }]);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("cancel resolves with its answer even if the stream has ended before", async () => {
  const w = await sent();
  await accept(w);
  const cancelled = w.client.cancel();
  await settled();
  w.source.emit("done", { status: "cancelled", reason: "user" }, "m1:end");
  w.network.last.respond(200, { message: { id: "m1" } });
  assert.deepEqual(await cancelled, { id: "m1" });
  assert.equal(w.named("onComplete").length, 1);
});

test("cancel of an answer that was resumed", async () => {
  const w = world();
  w.client.resume(`${STREAM}?x=1`);
  w.client.cancel();
  await settled();
  assert.equal(w.network.last.url, CANCEL);
});

test("cancel before the question is stored waits for that", async () => {
  const w = await sent();
  const cancelled = w.client.cancel();
  await settled();
  assert.equal(w.network.requests.length, 1);
  await accept(w);
  assert.equal(w.network.last.url, CANCEL);
  w.network.last.respond(200, { message: { id: "m1" } });
  assert.deepEqual(await cancelled, { id: "m1" });
});

test("cancel of a question that is refused, or of nothing, has nothing to do", async () => {
  const w = await sent();
  const cancelled = w.client.cancel();
  w.network.last.respond(400, { error: "Wrong.", code: "invalid_request" });
  assert.equal(await cancelled, null);
  assert.equal(await w.client.cancel(), null);
  assert.equal(w.network.requests.length, 1);
  assert.deepEqual(w.calls.map(([name]) => name), ["onError"]);
});

test("a second cancel joins the first", async () => {
  const w = await sent();
  await accept(w);
  const both = [w.client.cancel(), w.client.cancel()];
  await settled();
  assert.equal(w.network.requests.length, 2);
  w.network.last.respond(200, { message: { id: "m1" } });
  assert.deepEqual(await Promise.all(both), [{ id: "m1" }, { id: "m1" }]);
});

test("a cancel that got lost is sent again; the answer goes on meanwhile", async () => {
  const w = await sent();
  await accept(w);
  const cancelled = w.client.cancel();
  await settled();
  await lost(w);
  assert.deepEqual(w.named("onRetry"), [], "the stream's line is not lost");
  w.source.emit("message", "more", "m1:4");
  w.clock.advance(1000);
  await settled();
  assert.equal(w.network.requests.length, 3);
  w.network.last.respond(200, { message: { id: "m1" } });
  assert.deepEqual(await cancelled, { id: "m1" });
});

test("a cancel that is refused rejects, and the answer goes on", async () => {
  const w = await sent();
  await accept(w);
  const cancelled = w.client.cancel();
  await settled();
  w.network.last.respond(404, { error: "Not found.", code: "not_found" });
  await assert.rejects(cancelled, { code: "not_found" });
  assert.equal(w.client.isStreaming(), true);
  assert.deepEqual(w.named("onError"), []);
});

test("a cancel that is lost for good rejects, and may be tried again", async () => {
  const w = await sent({ maxRetries: 0 });
  await accept(w);
  const cancelled = w.client.cancel();
  await settled();
  w.network.last.reject();
  await assert.rejects(cancelled, { code: "connection_lost" });
  const again = w.client.cancel();
  await settled();
  w.network.last.respond(200, { message: { id: "m1" } });
  assert.deepEqual(await again, { id: "m1" });
});

test("a cancel that got lost after the answer ended is not sent again", async () => {
  const w = await sent();
  await accept(w);
  const cancelled = w.client.cancel();
  await settled();
  w.source.emit("done", { status: "complete" }, "m1:end");
  w.network.last.reject();
  assert.equal(await cancelled, null);
  assert.deepEqual(w.leftOver, NOTHING);
});

test("an answer that ends while cancel waits for its next try leaves nothing behind", async () => {
  const w = await sent();
  await accept(w);
  const cancelled = w.client.cancel();
  await settled();
  await lost(w);
  w.source.emit("done", { status: "complete" }, "m1:end");
  assert.equal(await cancelled, null);
  assert.deepEqual(w.leftOver, NOTHING);
});

for (const [name, ask] of [
  ["a direct stream", (client) => client.stream("Hi")],
  ["a direct stream that was resumed", (client) => client.resume("/mindwave/stream/?prompt=Hi")],
]) {
  test(`${name} has nobody to tell: it is closed, and ends the same way`, async () => {
    const w = world();
    ask(w.client);
    assert.equal(await w.client.cancel(), null);
    assert.deepEqual(w.calls, [["onComplete", { status: "cancelled", reason: "user" }]]);
    assert.equal(w.network.requests.length, 0);
    assert.deepEqual(w.leftOver, NOTHING);
  });
}
