"""Under WSGI too, whenever a client leaves, everything of its stream goes."""

from __future__ import annotations

import asyncio
import gc
import io
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.test import SimpleTestCase, override_settings, tag

from mindwave_django.events import CancelReason, Outcome
from mindwave_django.streaming.background import background
from mindwave_django.testing import FakeDriver, Gate, fake_driver, parse_events, text_of
from tests.streaming.support import Heard, hearing
from tests.streaming.test_lifetime_asgi import AT_ONCE, PATH, ROUNDS, all_over, left_over

HEARTBEATS = AT_ONCE["STREAMING"] | {"HEARTBEAT_INTERVAL": 0.01}


def environ(**extra: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": PATH,
        "QUERY_STRING": "prompt=Hi",
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        **extra,
    }


@contextmanager
def answering(**extra: str) -> Iterator[Any]:
    """Ask the application as a server does, and close its answer as a server does."""
    response = WSGIHandler()(environ(**extra), lambda *args: None)
    try:
        yield response
    finally:
        response.close()


def read_until(parts: Iterator[bytes], wanted: bytes) -> bytes:
    body = b""
    for part in parts:
        body += part
        if wanted in body:
            return body
    raise AssertionError(f"{wanted!r} did not come.")


def never_read(driver: FakeDriver) -> None:
    driver.reply("text")
    with answering():
        pass


def after_the_start(driver: FakeDriver) -> None:
    driver.reply(Gate(), "never")
    with answering() as response:
        read_until(iter(response), b"event: start")


def in_the_middle_of_the_text(driver: FakeDriver) -> None:
    driver.reply("some ", "text", Gate(), "never")
    with answering() as response:
        read_until(iter(response), b"text")


def after_a_heartbeat(driver: FakeDriver) -> None:
    driver.reply(Gate(), "never")
    with answering() as response:
        read_until(iter(response), b"event: heartbeat")


def after_the_end(driver: FakeDriver) -> None:
    driver.reply("text")
    with answering() as response:
        read_until(iter(response), b"event: done")


LEAVINGS = (
    never_read,
    after_the_start,
    in_the_middle_of_the_text,
    after_a_heartbeat,
    after_the_end,
)


def in_a_server_thread(function: Callable[[], None]) -> None:
    """Run a function as a server's thread would: not the test's, with no transaction open."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as exc:
            failures.append(exc)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


@override_settings(MINDWAVE={"STREAMING": HEARTBEATS})
class LeavingTests(SimpleTestCase):
    def setUp(self) -> None:
        gc.disable()
        self.addCleanup(gc.enable)

    def _leave(self, leaving: Callable[[FakeDriver], None]) -> Heard:
        with fake_driver() as driver, hearing() as heard:
            driver._replies.clear()
            in_a_server_thread(lambda: leaving(driver))
            background.submit(all_over()).result(20)
        assert driver.closed == len(driver.calls)
        assert len(heard.endings) == len(heard.starts) == len(driver.calls)
        return heard

    def test_never_read_means_never_asked(self) -> None:
        assert self._leave(never_read).events == []

    def test_leaving_cancels(self) -> None:
        for leaving, text in (
            (after_the_start, ""),
            (in_the_middle_of_the_text, "some text"),
            (after_a_heartbeat, ""),
        ):
            with self.subTest(leaving.__name__):
                (ending,) = self._leave(leaving).endings
                assert (ending.outcome, ending.text) == (Outcome.CANCELLED, text)
                assert ending.reason is CancelReason.NO_READER

    def test_after_the_end(self) -> None:
        assert self._leave(after_the_end).endings[0].outcome is Outcome.COMPLETED

    @tag("thorough")
    def test_nothing_is_left_after_many_rounds(self) -> None:
        async def left() -> Counter[str]:
            return left_over()

        for leaving in LEAVINGS:
            with self.subTest(leaving.__name__):
                self._leave(leaving)  # starts what is started once
                gc.collect()
                before = background.submit(left()).result(10)
                for _ in range(ROUNDS):
                    self._leave(leaving)
                gc.collect()
                more = background.submit(left()).result(10) - before
                assert not more, more


class ResumeTests(SimpleTestCase):
    @override_settings(MINDWAVE={"STREAMING": {"RECONNECT_GRACE": 3600}})
    def test_a_reader_who_comes_back_gets_the_rest(self) -> None:
        gate = Gate()

        def read_some_then_the_rest() -> None:
            with answering() as response:
                first = read_until(iter(response), b"some ")
            last_id = first.split(b"id: ")[-1].split(b"\n")[0].decode()
            with answering(HTTP_LAST_EVENT_ID=last_id) as response:
                parts = iter(response)
                rest = next(parts)
                gate.open()
                rest += b"".join(parts)
            assert text_of(parse_events(rest)) == "text"
            assert parse_events(rest)[-1].event == "done"

        with fake_driver("some ", gate, "text") as driver, hearing() as heard:
            in_a_server_thread(read_some_then_the_rest)
            background.submit(all_over()).result(20)
        assert len(driver.calls) == 1
        assert [ending.text for ending in heard.endings] == ["some text"]

    def test_the_background_loop_is_not_the_callers(self) -> None:
        async def running() -> bool:
            return background.must_not_wait()

        assert background.submit(running()).result(10)
        assert not background.must_not_wait()
        assert not asyncio.run(running())
