"""The streamed response inside middleware, in other threads, and in trouble."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.middleware.gzip import GZipMiddleware
from django.test import AsyncRequestFactory, RequestFactory

from mindwave_django.streaming.follow import Follower
from mindwave_django.testing import Gate, fake_driver, parse_events, text_of
from tests.asking import NO_CARE, NO_GRACE, respond
from tests.recording import LIMIT, CoreTestCase, recorded_signals, until


def shout(part: bytes) -> bytes:
    return part.replace(b"Hello", b"HELLO")


class TroubleTests(CoreTestCase):
    async def test_reader_whose_task_is_cancelled_while_it_waits(self) -> None:
        with NO_GRACE, fake_driver("Hello", Gate()) as driver:
            parts = aiter(respond(AsyncRequestFactory().get("/")))
            await anext(parts)
            assert b"Hello" in await anext(parts)
            waiting = asyncio.ensure_future(anext(parts))
            await asyncio.sleep(0)  # lets it run until it waits
            assert not waiting.done()
            waiting.cancel()
            await until(lambda: driver.closed)
            assert waiting.cancelled()

    def test_follower_that_breaks_is_told_as_a_failure(self) -> None:
        broken = mock.patch.object(Follower, "_portion", side_effect=ZeroDivisionError)
        with fake_driver("Hello"), broken, self.assertLogs("mindwave_django", "ERROR") as logs:
            events = parse_events(respond().getvalue())
        assert [event.event for event in events] == ["start", "failed"]
        assert events[-1].json()["code"] == "internal_error"
        assert events[-1].id == events[0].id.replace(":0", ":end")
        assert "could not be followed" in logs.output[0]

    def test_read_twice(self) -> None:
        with fake_driver("Hello") as driver:
            response = respond()
            assert b"Hello" in response.getvalue()
            assert response.getvalue() == b""
        assert len(driver.calls) == 1


class OtherThreadTests(CoreTestCase):
    """Under WSGI outside of tests, where no thread is lent to the receivers."""

    def in_thread(self, function: Callable[[], object]) -> Any:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(function).result(LIMIT)

    def test_whole_answer(self) -> None:
        with fake_driver("Hello"):
            response = respond()
            assert text_of(parse_events(self.in_thread(response.getvalue))) == "Hello"

    def test_reader_who_leaves_ends_the_call_after_the_grace(self) -> None:
        def leave() -> None:
            parts: Any = iter(respond())
            next(parts)
            assert b"Hello" in next(parts)
            parts.close()

        with NO_GRACE, fake_driver("Hello", Gate()) as driver:
            self.in_thread(leave)
            asyncio.run(until(lambda: driver.closed))


class MiddlewareTests(CoreTestCase):
    async def wrapped(self, response: StreamingHttpResponse) -> StreamingHttpResponse:
        content: Any = response.streaming_content

        async def wrap() -> AsyncIterator[bytes]:
            async for part in content:
                yield shout(part)

        response.streaming_content = wrap()
        return response

    async def test_async_wrapper(self) -> None:
        with fake_driver("Hello"):
            response = await self.wrapped(respond(AsyncRequestFactory().get("/")))
            body = b"".join([part async for part in response])
        assert text_of(parse_events(body)) == "HELLO"

    def test_async_wrapper_read_synchronously(self) -> None:
        with fake_driver("Hello"):
            response: Any = async_to_sync(self.wrapped)(respond())
            assert text_of(parse_events(response.getvalue())) == "HELLO"

    async def test_async_wrapper_does_not_keep_the_stream_from_closing(self) -> None:
        with NO_GRACE, fake_driver("Hello", Gate()) as driver:
            response = await self.wrapped(respond(AsyncRequestFactory().get("/")))
            parts = aiter(response)
            await anext(parts)
            assert b"HELLO" in await anext(parts)
            response.close()
            await until(lambda: driver.closed)

    def test_sync_reader_of_an_async_wrapper_who_leaves_ends_the_call(self) -> None:
        with NO_CARE, fake_driver("Hello", Gate()) as driver, recorded_signals() as record:
            parts: Any = iter(async_to_sync(self.wrapped)(respond()))
            next(parts)
            assert b"HELLO" in next(parts)
            parts.close()
            assert driver.closed == 1
        assert record.names[-1] == "stream_cancelled"

    def test_sync_wrapper_around_the_iteration(self) -> None:
        def wrap(parts: Iterator[bytes]) -> Iterator[bytes]:
            yield from map(shout, parts)

        with fake_driver("Hello"):
            response = respond()
            response.streaming_content = wrap(iter(response))
            assert text_of(parse_events(response.getvalue())) == "HELLO"

    def test_content_replaced_by_a_sync_one_asks_nobody(self) -> None:
        with fake_driver("Hello") as driver, recorded_signals() as record:
            response = respond()
            response.streaming_content = iter([b"a", b"b"])
            assert response.getvalue() == b"ab"
            response.close()
        assert driver.calls == []
        assert record == []

    async def test_content_replaced_by_a_sync_one_under_asgi(self) -> None:
        with fake_driver("Hello") as driver:
            response = respond(AsyncRequestFactory().get("/"))
            response.streaming_content = [b"a", b"b"]
            with self.assertWarnsMessage(Warning, "must consume synchronous iterators"):
                assert [part async for part in response] == [b"a", b"b"]
        assert driver.calls == []

    def test_gzip_leaves_it_alone(self) -> None:
        request = RequestFactory().get("/", headers={"Accept-Encoding": "gzip"})

        def view(request: HttpRequest) -> HttpResponse:
            return respond(request)  # type: ignore[no-any-return]  # a response

        with fake_driver("Hello"):
            response: Any = GZipMiddleware(view)(request)
            assert response["Content-Encoding"] == "identity"
            assert text_of(parse_events(response.getvalue())) == "Hello"
