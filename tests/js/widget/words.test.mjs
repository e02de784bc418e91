// Errors, figures and cookies in the chat.

import assert from "node:assert/strict";
import { test } from "node:test";

import { cookie } from "../../../mindwave_django/static/mindwave_django/chat/api.js";
import { describe } from "../../../mindwave_django/static/mindwave_django/chat/errors.js";
import { fill, readJson } from "../../../mindwave_django/static/mindwave_django/chat/texts.js";
import {
  progressLine,
  secondsOf,
  usageLine,
} from "../../../mindwave_django/static/mindwave_django/chat/usage.js";

// Each text is its own name.
const texts = new Proxy({}, { get: (_, name) => name });

test("each refusal has its words and its remedy", () => {
  const cases = [
    [{ code: "connection_lost" }, "connectionLost", "retry"],
    [{ code: "authentication_required", status: 401 }, "loggedOut", "reload"],
    [{ code: "permission_denied", status: 403, message: "No." }, "No.", null],
    [{ code: "http_error", status: 403 }, "pageExpired", "reload"],
    [{ code: "conversation_busy", status: 409 }, "busy", "show"],
    [{ code: "not_latest", status: 409 }, "notLatest", "show"],
    [{ code: "not_found", status: 404 }, "gone", "reload"],
    [{ code: "invalid_request", status: 400, message: "Bad." }, "Bad.", null],
    [
      { code: "invalid_request", status: 400, fields: { prompt: ["Too long."] } },
      "Too long.",
      null,
    ],
    [{ code: "http_error", status: 502 }, "badAnswerStatus", "retry"],
    [{ code: "invalid_response" }, "badAnswer", null],
    [{ code: "provider_unavailable", message: "Down.", retryable: true }, "Down.", "retry"],
    [{ code: "provider_rejected", message: "Refused.", retryable: false }, "Refused.", null],
    [{ code: "stream_expired", message: "Over." }, "Over.", "show"],
  ];
  for (const [error, text, action] of cases) {
    assert.deepEqual(describe(error, texts), { text, action }, error.code);
  }
});

test("figures are shown as far as they are known", () => {
  const words = { token: "1 token", tokens: "{count} tokens", tokensPerSecond: "{count}/s" };
  const line = (figures, language = "en") =>
    usageLine(figures, { texts: words, language }).replace(/\s/g, " ");
  const reported = (output_tokens) => ({ output_tokens, source: "reported" });
  assert.equal(
    line({ usage: reported(412), seconds: 7.1, cost: "0.003100" }),
    "412 tokens · 58/s · $0.0031",
  );
  assert.equal(line({ usage: reported(1), seconds: 0 }), "1 token");
  assert.equal(line({ usage: reported(300), seconds: 0.01 }), "300 tokens");
  const thought = { ...reported(412), reasoning_tokens: 400 };
  assert.equal(line({ usage: thought, seconds: 6 }), "412 tokens · 2/s");
  assert.equal(line({ usage: reported(1234), cost: "1.50" }, "de"), "1.234 tokens · 1,50 $");
  assert.equal(line({ usage: { output_tokens: 5, source: "estimated" } }), "≈ 5 tokens");
  assert.equal(line({ usage: null, cost: null, seconds: 3 }), "");
  assert.equal(line({ usage: { output_tokens: null } }), "");
  assert.equal(line({}), "");
});

test("figures of an answer that is being written", () => {
  const words = { token: "1 token", tokens: "{count} tokens", tokensPerSecond: "{count}/s" };
  const line = (tokens, tokens_per_second, cost, language = "en") =>
    progressLine({ tokens, tokens_per_second, cost }, { texts: words, language }).replace(/\s/g, " ");
  assert.equal(line(42, 18.52, 0.0012), "42 tokens · 18.5/s · $0.0012");
  assert.equal(line(1234, 20, 1.5, "de"), "1.234 tokens · 20,0/s · 1,50 $");
  assert.equal(line(300, 111.9, null), "300 tokens · 112/s");
  assert.equal(line(1, null, null), "1 token");
  assert.equal(line(2, 4, 0), "2 tokens · 4.0/s");
});

test("the time of a stored answer", () => {
  const at = (seconds) => new Date(1e12 + seconds * 1000).toISOString();
  assert.equal(secondsOf({ first_token_at: at(0), ended_at: at(2.5) }), 2.5);
  assert.equal(secondsOf({ first_token_at: null, ended_at: at(2) }), null);
  assert.equal(secondsOf({ first_token_at: at(2), ended_at: at(2) }), null);
});

test("texts are filled in, and what is unknown stays", () => {
  assert.equal(fill("in {seconds} s", { seconds: 0 }), "in 0 s");
  assert.equal(fill("{a} {b}", { a: "{b}" }), "{b} {b}");
});

test("what is no JSON is nothing", () => {
  assert.equal(readJson(null), null);
  assert.equal(readJson("{"), null);
  assert.deepEqual(readJson('["a"]'), ["a"]);
});

test("a cookie is found by its whole name", () => {
  assert.equal(cookie("csrftoken", "xcsrftoken=no; csrftoken2=no; csrftoken=a%3Db"), "a=b");
  assert.equal(cookie("csrftoken", "xcsrftoken=no"), "");
  assert.equal(cookie("csrftoken", ""), "");
});
