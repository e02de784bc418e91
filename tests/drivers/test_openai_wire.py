"""Chunks of a Chat Completions stream, one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.test import SimpleTestCase

from mindwave_django.drivers.openai_errors import error_from
from mindwave_django.drivers.openai_wire import ChatCompletionReader
from mindwave_django.events import DriverEvent, Finished, ReasoningDelta, TextDelta, Usage
from mindwave_django.exceptions import (
    ContextLengthExceeded,
    DriverError,
    ProviderAuthenticationError,
    ProviderConnectionLost,
    ProviderProtocolError,
    ProviderQuotaExceeded,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)


def read(data: object, name: bytes = b"") -> Sequence[DriverEvent]:
    return ChatCompletionReader().read(name, json.dumps(data).encode())


def choice(delta: Any, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"delta": delta} | fields]}


class ChunkTests(SimpleTestCase):
    def test_chunks_with_something(self) -> None:
        for data, events in (
            (choice({"content": "a"}), [TextDelta("a")]),
            (choice({"content": "a", "role": "assistant", "tool_calls": None}), [TextDelta("a")]),
            (choice({"reasoning_content": "r"}), [ReasoningDelta("r")]),
            (choice({"reasoning": "r", "content": None}), [ReasoningDelta("r")]),
            (choice({"reasoning": "r", "content": "a"}), [ReasoningDelta("r"), TextDelta("a")]),
            (choice({"content": "a"}, finish_reason="stop"), [TextDelta("a")]),
            (choice({"content": "a"}) | {"error": None, "id": 7, "model": 1}, [TextDelta("a")]),
        ):
            with self.subTest(data):
                assert list(read(data)) == events

    def test_chunks_with_nothing(self) -> None:
        for data in (
            {},
            {"foo": 1},
            {"choices": None},
            {"choices": []},
            {"choices": [{}]},
            choice(None),
            choice({}),
            choice({"content": None}),
            choice({"content": ""}),
            choice({"reasoning": "", "reasoning_content": None}),
            {"choices": [], "usage": {"prompt_tokens": 1}},
            {"choices": [], "usage": None},
        ):
            with self.subTest(data):
                assert list(read(data)) == []

    def test_lone_surrogates_are_passed_on(self) -> None:
        (high,) = read(choice({"content": "\ud83d"}))
        (low,) = read(choice({"content": "\ude00"}))
        assert (high, low) == (TextDelta("\ud83d"), TextDelta("\ude00"))

    def test_what_is_no_chunk(self) -> None:
        for data in (
            b"",
            b"{",
            b"nonsense",
            b"[1,2]",
            b'"x"',
            b"null",
            b"17",
            b'{"choices": 5}',
            b'{"choices":[{"delta":{"content":5}}]}',
            b'{"choices":[{"delta":{"content":["a"]}}]}',
            b'{"choices":[{"delta":"a"}]}',
            b'{"choices":[{"delta":{"content":"\xff"}}]}',
            b"[" * 100_000,
        ):
            with self.subTest(data[:40]), self.assertRaises(ProviderProtocolError) as caught:
                ChatCompletionReader().read(b"", data)
            assert f"An event of {len(data)} bytes is no chunk" in str(caught.exception)

    def test_text_of_a_broken_chunk_is_not_repeated(self) -> None:
        for data in (b"secret {", b'{"choices": "secret"}'):
            with self.assertRaises(ProviderProtocolError) as caught:
                ChatCompletionReader().read(b"", data)
            assert "secret" not in str(caught.exception)


class EndTests(SimpleTestCase):
    def finish(self, *parts: object) -> Finished:
        reader = ChatCompletionReader()
        for data in parts:
            reader.read(b"", data if isinstance(data, bytes) else json.dumps(data).encode())
        return reader.finish()

    def test_whole_answer(self) -> None:
        usage = {
            "prompt_tokens": 5,
            "completion_tokens": 3,
            "prompt_tokens_details": None,
            "completion_tokens_details": {"reasoning_tokens": 2},
        }
        first = choice({"content": "a"}) | {"id": "c1", "model": "m-2026"}
        last = choice({}, finish_reason="stop") | {"id": "c2", "model": "other"}
        counted = {"choices": [], "usage": usage}
        assert self.finish(first, last, counted, b"[DONE]") == Finished(
            "stop", Usage(5, 3, None, 2), "m-2026", "c1"
        )

    def test_done_without_finish_reason(self) -> None:
        assert self.finish(choice({"content": "a"}), b"[DONE]") == Finished("")

    def test_finish_reason_without_done(self) -> None:
        assert self.finish(choice({}, finish_reason="length")) == Finished("length")

    def test_neither(self) -> None:
        for parts in ((), (choice({"content": "a"}),), ({"foo": 1},)):
            with self.subTest(parts), self.assertRaises(ProviderConnectionLost) as caught:
                self.finish(*parts)
            assert str(caught.exception) == ("The provider's stream ended without a finish reason.")

    def test_done_without_an_answer(self) -> None:
        for parts in ((b"[DONE]",), ({"choices": []}, b"[DONE]")):
            with self.subTest(parts), self.assertRaises(ProviderProtocolError) as caught:
                self.finish(*parts)
            assert str(caught.exception) == "The provider's stream held no answer."

    def test_nothing_counts_after_done(self) -> None:
        assert self.finish(choice({}, finish_reason="stop"), b"[DONE]", b"{") == Finished("stop")


class ReportedErrorTests(SimpleTestCase):
    def reported(self, data: object, name: bytes = b"") -> DriverError:
        with self.assertRaises(DriverError) as caught:
            read(data, name)
        return caught.exception

    def test_error_in_a_chunk(self) -> None:
        error = self.reported({"error": {"message": "words", "code": "server_error"}})
        assert type(error) is ProviderUnavailable
        assert str(error) == "The provider reported an error: code=server_error"
        assert error.detail == "words"

    def test_error_event_in_every_form(self) -> None:
        for data in ({"error": {"message": "words"}}, {"message": "words"}, "words"):
            with self.subTest(data):
                error = self.reported(data, b"error")
                assert (type(error), error.detail) == (ProviderUnavailable, "words")

    def test_error_event_without_json(self) -> None:
        for data, detail in ((b"words", "words"), (b"\xff", "\N{REPLACEMENT CHARACTER}")):
            with self.assertRaises(ProviderUnavailable) as caught:
                ChatCompletionReader().read(b"error", data)
            assert caught.exception.detail == detail

    def test_error_as_a_text(self) -> None:
        assert self.reported({"error": "words"}).detail == "words"


class ErrorClassTests(SimpleTestCase):
    def test_class_follows_code_type_and_status(self) -> None:
        for (body, status), kind in KINDS:
            with self.subTest(body, status=status):
                assert type(error_from(body, status)) is kind

    def test_text_holds_identifiers_only(self) -> None:
        body = {"message": "words", "code": "You said: secret", "type": "some_type"}
        error = error_from(body, 400, request_id="req-1", retry_after=3)
        assert str(error) == (
            "The provider reported an error: status=400, code=?/some_type, request_id=req-1"
        )
        assert error.detail == "words"
        assert error.retry_after == 3

    def test_long_identifiers_are_not_told(self) -> None:
        assert "code=?" in str(error_from({"code": "x" * 65}))

    def test_no_details(self) -> None:
        for body in (None, {}, {"message": None}):
            with self.subTest(body):
                error = error_from(body)
                assert str(error) == "The provider reported an error: no details"
                assert error.detail == ""


KINDS: tuple[tuple[tuple[Any, int | None], type[DriverError]], ...] = (
    (({}, 400), ProviderRejected),
    (({}, 401), ProviderAuthenticationError),
    (({}, 403), ProviderAuthenticationError),
    (({}, 404), ProviderRejected),
    (({}, 408), ProviderUnavailable),
    (({}, 409), ProviderUnavailable),
    (({}, 422), ProviderRejected),
    (({}, 425), ProviderUnavailable),
    (({}, 429), ProviderRateLimited),
    (({}, 500), ProviderUnavailable),
    (({}, 529), ProviderUnavailable),
    (({"code": "insufficient_quota"}, 429), ProviderQuotaExceeded),
    (({"code": "rate_limit_exceeded"}, 429), ProviderRateLimited),
    (({"code": "invalid_api_key", "type": "x"}, 401), ProviderAuthenticationError),
    (({"code": "context_length_exceeded", "type": "x"}, 400), ContextLengthExceeded),
    (({"type": "invalid_request_error"}, 400), ProviderRejected),
    (({"type": "invalid_request_error"}, 429), ProviderRateLimited),
    (({"type": "invalid_request_error"}, None), ProviderRejected),
    (({"type": "authentication_error"}, None), ProviderAuthenticationError),
    (({"type": "permission_error"}, None), ProviderAuthenticationError),
    (({"type": "rate_limit_error"}, None), ProviderRateLimited),
    (({"type": "overloaded_error"}, None), ProviderUnavailable),
    (({"code": "server_error"}, None), ProviderUnavailable),
    (({"code": 429}, None), ProviderRateLimited),
    (({"code": "401"}, None), ProviderAuthenticationError),
    (({"code": 400}, None), ProviderRejected),
    (({"code": 502}, None), ProviderUnavailable),
    (({"code": "something_else"}, None), ProviderUnavailable),
    (("a text", None), ProviderUnavailable),
    ((["a list"], 404), ProviderRejected),
    ((None, None), ProviderUnavailable),
)
