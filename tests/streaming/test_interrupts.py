"""Ctrl-C and `sys.exit()` in a thread that waits come out there, as what they are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import product
from typing import Any
from unittest import mock

from django.test import SimpleTestCase, tag

from mindwave_django import llm
from mindwave_django.signals import stream_completed, stream_started, token_streamed
from mindwave_django.streaming.background import BackgroundLoop
from mindwave_django.streaming.inbox import ThreadInbox
from mindwave_django.testing import Gate, fake_driver
from tests.asking import NO_GRACE, respond
from tests.streaming.outside import comes_true, in_a_thread, lending, run_script
from tests.streaming.support import hearing, only_receiver

INTERRUPTS = (KeyboardInterrupt, SystemExit)


class Inbox(ThreadInbox):
    """Raises in its waiting thread what a signal handler raises there."""

    made: list[Inbox] = []

    def __init__(self) -> None:
        super().__init__()
        self.made.append(self)

    def interrupt(self, kind: type[BaseException]) -> None:
        def raise_it() -> None:
            raise kind

        self._items.put(raise_it)


@contextmanager
def inboxes() -> Iterator[list[Inbox]]:
    """Take hold of the inboxes of synchronous callers."""
    with (
        mock.patch.object(Inbox, "made", []) as made,
        mock.patch("mindwave_django.api.ThreadInbox", Inbox),
        mock.patch("mindwave_django.http.ThreadInbox", Inbox),
    ):
        yield made


def caught(function: Callable[[], object]) -> BaseException | None:
    """Return what comes out of `function` in a thread of its own."""

    def call() -> BaseException | None:
        try:
            function()
        except BaseException as exc:
            return exc
        return None

    return in_a_thread(call)


class InterruptedWaitTests(SimpleTestCase):
    def assert_comes_out(self, ask: Callable[[], Any], before: int) -> None:
        """Interrupt the reader of `ask()` once it has had the `before` parts that come at once."""
        for kind, lends in product(INTERRUPTS, (False, True)):
            with (
                self.subTest(kind=kind, lends=lends),
                NO_GRACE,
                hearing(),
                inboxes() as made,
                lending() if lends else nullcontext(),
                fake_driver("some", Gate(), "never") as driver,
            ):

                def read() -> None:
                    parts = iter(ask())
                    for _ in range(before):
                        next(parts)
                    made[-1].interrupt(kind)  # noqa: B023
                    try:
                        next(parts)
                    finally:
                        parts.close()

                assert type(caught(read)) is kind
                assert comes_true(lambda: driver.closed == 1)

    def test_llm_stream(self) -> None:
        self.assert_comes_out(lambda: llm().stream("Hi"), before=1)

    def test_response(self) -> None:
        self.assert_comes_out(respond, before=2)

    def test_an_inbox_can_wait_again(self) -> None:
        loop, inbox = BackgroundLoop(), Inbox()
        gate = Gate()

        async def number() -> int:
            return 42

        def wait_twice() -> int:
            inbox.interrupt(KeyboardInterrupt)
            try:
                inbox.wait_for(loop.submit(gate.wait()))
            except KeyboardInterrupt:
                return inbox.wait_for(loop.submit(number()))
            return 0

        assert in_a_thread(wait_twice) == 42
        loop.stop()


class LentThreadTests(SimpleTestCase):
    """Ctrl-C while a receiver runs in the thread of the caller."""

    def assert_comes_out_and_others_go_on(self, signal: Any, ask: Callable[[], Any]) -> None:
        threads = []

        def interrupted(**kwargs: Any) -> None:
            threads.append(threading.current_thread())
            raise KeyboardInterrupt

        def call() -> None:
            threads.append(threading.current_thread())
            ask()

        with lending(), fake_driver("text"):
            with only_receiver(interrupted, signal):
                assert type(caught(call)) is KeyboardInterrupt
                assert len(set(threads)) == 1
            with only_receiver(lambda **_: None):
                assert in_a_thread(lambda: llm().generate("Hi")).text == "text"

    def test_in_llm_generate(self) -> None:
        for signal in (stream_started, token_streamed, stream_completed):
            with self.subTest(signal=signal):
                self.assert_comes_out_and_others_go_on(signal, lambda: llm().generate("Hi"))

    def test_in_llm_stream(self) -> None:
        for signal in (stream_started, token_streamed, stream_completed):
            with self.subTest(signal=signal):
                self.assert_comes_out_and_others_go_on(signal, lambda: list(llm().stream("Hi")))

    def test_in_a_response(self) -> None:
        for signal in (stream_started, token_streamed, stream_completed):
            with self.subTest(signal=signal):
                self.assert_comes_out_and_others_go_on(signal, lambda: respond().getvalue())

    @tag("machine")
    def test_a_signal_of_the_system_while_the_main_thread_waits(self) -> None:
        done = run_script(
            "import signal\n"
            "def receive(**kwargs):\n"
            "    signal.raise_signal(signal.SIGINT)\n"
            "signals.stream_completed.connect(receive)\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
            "from django.core import mail\n"
            "mail.outbox = []\n"  # a test's main thread lends itself
            "with fake_driver('text'):\n"
            "    try:\n"
            "        llm().generate('Hi')\n"
            "    except KeyboardInterrupt:\n"
            "        print('interrupted')\n"
            "    signals.stream_completed.disconnect(receive)\n"
            "    print(llm().generate('Hi').text)\n"
        )
        assert done.stdout.split() == ["interrupted", "text"]
