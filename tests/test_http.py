"""Positions in requests, refusals, and how a response is read and closed."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError
from django.test import AsyncRequestFactory, RequestFactory
from django.utils.functional import SimpleLazyObject

from mindwave_django.exceptions import (
    AuthenticationRequired,
    InvalidRequest,
    MindwaveError,
    ProviderRateLimited,
)
from mindwave_django.http import refusal
from mindwave_django.sources import resume_of
from mindwave_django.streaming.answer import Position
from mindwave_django.testing import Gate, fake_driver, parse_events, text_of
from tests.asking import NO_CARE, NO_GRACE, respond
from tests.recording import LIMIT, CoreTestCase, recorded_signals, until


class ResumeOfTests(CoreTestCase):
    def test_positions(self) -> None:
        for value, stream_id, position in (
            ("abc:0", "abc", Position(0, 0)),
            ("abc:12", "abc", Position(12, 0)),
            ("abc:12.5", "abc", Position(12, 5)),
            ("abc:end", "abc", None),
            ("a-b_C9:007", "a-b_C9", Position(7, 0)),
            ("abc:999999999999999", "abc", Position(999999999999999, 0)),
        ):
            with self.subTest(value=value):
                request = RequestFactory().get("/", headers={"Last-Event-ID": value})
                assert resume_of(request) == (stream_id, position)

    def test_what_is_no_id_of_ours_resumes_nothing_known(self) -> None:
        for value in (
            *("abc", "abc:", ":0", "abc:-1", "abc:1.", "abc:.1", "abc:1.2.3", "abc:end:0", "7"),
            *("abc:0 ", " abc:0", "abc: 0", "a/b:0", "abc:\uff11", "ä:0", "abc:0\n", "a:b:0"),
            "abc:End",
            "abc:1000000000000000",
            "x" * 65 + ":0",
        ):
            with self.subTest(value=value):
                request = RequestFactory().get("/", {"last_event_id": value})
                assert resume_of(request) == ("unknown", Position(0, 0))

    def test_nothing_to_resume(self) -> None:
        assert resume_of(RequestFactory().get("/")) is None
        assert resume_of(RequestFactory().get("/?last_event_id=")) is None
        assert resume_of(RequestFactory().get("/", headers={"Last-Event-ID": ""})) is None

    def test_header_comes_before_the_query(self) -> None:
        request = RequestFactory().get("/?last_event_id=old:1", headers={"Last-Event-ID": "new:2"})
        assert resume_of(request) == ("new", Position(2, 0))

    def test_query_counts_for_a_post_too(self) -> None:
        assert resume_of(RequestFactory().post("/?last_event_id=abc:3")) == ("abc", Position(3, 0))


class RefusalTests(CoreTestCase):
    def test_body_is_flat(self) -> None:
        response = refusal(AuthenticationRequired("for the log only"))
        assert response.status_code == 401
        assert response["Cache-Control"] == "no-store"
        assert response.content == (
            b'{"error": "Please log in first.", "code": "authentication_required"}'
        )

    def test_fields(self) -> None:
        response = refusal(InvalidRequest(fields={"prompt": ["No."]}))
        assert b'"fields": {"prompt": ["No."]}' in response.content

    def test_seconds_to_wait_are_rounded_up(self) -> None:
        response = refusal(ProviderRateLimited(retry_after=0.2))
        assert response["Retry-After"] == "1"
        assert b'"retry_after": 1' in response.content

    def test_error_of_ones_own(self) -> None:
        response = refusal(MindwaveError("secret"))
        assert response.status_code == 500
        assert b"secret" not in response.content


class IterationTests(CoreTestCase):
    def test_getvalue(self) -> None:
        with fake_driver("Hello", " world"):
            assert text_of(parse_events(respond().getvalue())) == "Hello world"

    def test_parts_are_bytes_and_come_as_the_text_grows(self) -> None:
        gate = Gate()
        with fake_driver("Hello", gate, " world"):
            parts = iter(respond())
            assert b"event: start" in next(parts)
            assert b"data: Hello\n" in next(parts)
            gate.open()
            assert b"data:  world\n" in b"".join(parts)

    async def test_async_iteration(self) -> None:
        gate = Gate()
        with fake_driver("Hello", gate, " world"):
            parts = aiter(respond(AsyncRequestFactory().get("/")))
            assert b"event: start" in await anext(parts)
            assert b"data: Hello\n" in await anext(parts)
            gate.open()
            assert b"data:  world\n" in b"".join([part async for part in parts])

    def test_sync_reader_who_leaves_ends_the_call(self) -> None:
        with NO_CARE, fake_driver("Hello", Gate()) as driver, recorded_signals() as record:
            parts: Any = iter(respond())
            next(parts)
            assert b"Hello" in next(parts)
            parts.close()
            assert driver.closed == 1
        assert record.names[-1] == "stream_cancelled"

    async def test_async_reader_who_is_closed_ends_the_call_after_the_grace(self) -> None:
        with NO_GRACE, fake_driver("Hello", Gate()) as driver:
            response = respond(AsyncRequestFactory().get("/"))
            parts = aiter(response)
            await anext(parts)
            assert b"Hello" in await anext(parts)
            assert driver.closed == 0
            response.close()  # all that Django calls when a client leaves during a slow write
            await until(lambda: driver.closed)

    async def test_closing_twice_and_after_the_end(self) -> None:
        with fake_driver("Hello") as driver:
            response = respond(AsyncRequestFactory().get("/"))
            assert b"Hello" in b"".join([part async for part in response])
            response.close()
            response.close()
            assert [part async for part in response] == []
        assert len(driver.calls) == 1

    async def test_closed_before_the_first_part(self) -> None:
        with fake_driver("Hello") as driver:
            response = respond(AsyncRequestFactory().get("/"))
            response.close()
            assert [part async for part in response] == []
        assert driver.calls == []

    async def test_closed_while_the_first_step_looks_for_the_user(self) -> None:
        slow = SlowUser()
        asked = AsyncRequestFactory().get("/")
        asked.user = SimpleLazyObject(slow.look_up)
        with fake_driver("Hello") as driver, recorded_signals() as record:
            response = respond(asked)
            step = asyncio.ensure_future(anext(aiter(response), b"over"))
            assert await asyncio.to_thread(slow.reached.wait, LIMIT)
            response.close()
            slow.gate.set()
            assert await asyncio.wait_for(step, LIMIT) == b"over"
        assert driver.calls == []
        assert record == []

    def assert_failed_once(self, body: bytes, logs: list[str]) -> None:
        (event,) = parse_events(body)
        assert event.event == "failed"
        assert event.json()["code"] == "internal_error"
        assert b"secret" not in body
        assert len(logs) == 1
        assert "could not be followed" in logs[0]

    def test_user_who_cannot_be_looked_up_under_wsgi(self) -> None:
        asked = RequestFactory().get("/")
        asked.user = SimpleLazyObject(broken)
        with fake_driver("Hello") as driver, self.assertLogs("mindwave_django", "ERROR") as logs:
            response = respond(asked)
            assert response.status_code == 200
            self.assert_failed_once(response.getvalue(), logs.output)
            assert response.getvalue() == b""
        assert driver.calls == []

    async def test_user_who_cannot_be_looked_up_under_asgi(self) -> None:
        asked = AsyncRequestFactory().get("/")
        asked.user = SimpleLazyObject(broken)
        with fake_driver("Hello") as driver, self.assertLogs("mindwave_django", "ERROR") as logs:
            response = respond(asked)
            self.assert_failed_once(b"".join([part async for part in response]), logs.output)
            assert [part async for part in response] == []
        assert driver.calls == []

    def test_closed_after_its_loop_is_gone(self) -> None:
        response = respond_in_a_loop_of_its_own()
        response.close()
        assert response.closed


class SlowUser:
    """A look-up that takes until the test opens the gate."""

    def __init__(self) -> None:
        self.reached, self.gate = threading.Event(), threading.Event()

    def look_up(self) -> AnonymousUser:
        self.reached.set()
        assert self.gate.wait(LIMIT)
        return AnonymousUser()


def broken() -> AnonymousUser:
    raise OperationalError("secret")


def respond_in_a_loop_of_its_own() -> Any:
    async def read() -> Any:
        response = respond(AsyncRequestFactory().get("/"))
        assert b"Hello" in b"".join([part async for part in response])
        return response

    with fake_driver("Hello"):
        return async_to_sync(read)()
