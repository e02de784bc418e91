"""The event loop behind synchronous callers."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator

from django.test import SimpleTestCase

from mindwave_django.streaming.background import BackgroundLoop, LoopIterator, ThreadInbox
from tests.support.processes import ROOT


class BackgroundLoopTests(SimpleTestCase):
    def test_it_starts_once_and_stops_with_everything_on_it(self) -> None:
        loop, ended = BackgroundLoop(), []

        async def run_on() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ended.append(True)

        async def thread() -> threading.Thread:
            return threading.current_thread()

        waiting = loop.submit(run_on())
        one, other = loop.submit(thread()).result(10), loop.submit(thread()).result(10)
        assert one is other
        assert not loop.owns_current_thread()
        loop.stop()
        assert waiting.cancelled()
        assert ended == [True]
        assert not one.is_alive()
        loop.stop()

    def test_once_stopped_it_refuses_instead_of_hanging(self) -> None:
        loop = BackgroundLoop()
        loop.stop()

        async def answer() -> int:
            return 42

        with self.assertRaisesMessage(RuntimeError, "The process is exiting"):
            loop.submit(answer())

    def test_a_process_with_an_unfinished_stream_exits(self) -> None:
        program = (
            "import builtins, django\n"
            "django.setup()\n"
            "from mindwave_django import llm\n"
            "builtins.kept = llm('demo').stream('Hello')\n"
            "print(next(builtins.kept))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env=os.environ
            | {
                "PYTHONPATH": f"{ROOT}:{ROOT / 'example_project'}",
                "DJANGO_SETTINGS_MODULE": "example.settings",
                "DATABASE_URL": "sqlite:///:memory:",
            },
            timeout=60,
        )
        assert done.stdout == b"Hello.\n"

    def test_a_forked_child_has_a_loop_of_its_own(self) -> None:
        program = (
            "import os\n"
            "from mindwave_django.streaming.background import background\n"
            "async def number(): return 42\n"
            "assert background.submit(number()).result(10) == 42\n"
            "child = os.fork()\n"
            "if not child:\n"
            "    os._exit(background.submit(number()).result(10))\n"
            "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        )
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            capture_output=True,
            check=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            timeout=60,
        )
        assert done.stdout.split() == [b"42"]


class ThreadInboxTests(SimpleTestCase):
    def test_work_is_done_by_the_waiting_thread(self) -> None:
        inbox, loop = ThreadInbox(), BackgroundLoop()

        async def ask() -> list[int]:
            running = asyncio.get_running_loop()
            return [await running.run_in_executor(inbox, threading.get_ident) for _ in range(3)]

        assert inbox.wait_for(loop.submit(ask())) == [threading.get_ident()] * 3
        loop.stop()

    def test_what_work_raises_goes_to_whoever_asked(self) -> None:
        inbox, loop = ThreadInbox(), BackgroundLoop()

        async def ask() -> str:
            try:
                await asyncio.get_running_loop().run_in_executor(inbox, lambda: 1 / 0)
            except ZeroDivisionError:
                return "caught"
            return "nothing came"

        assert inbox.wait_for(loop.submit(ask())) == "caught"
        loop.stop()

    def test_an_interrupted_wait_cancels_what_it_waits_for(self) -> None:
        inbox, loop, cancelled = ThreadInbox(), BackgroundLoop(), threading.Event()

        async def run_on() -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        def interrupt() -> None:
            raise KeyboardInterrupt

        async def begun() -> None: ...

        waiting = loop.submit(run_on())
        loop.submit(begun()).result(10)
        inbox._items.put(interrupt)
        with self.assertRaises(KeyboardInterrupt):
            inbox.wait_for(waiting)
        assert cancelled.wait(10)
        loop.stop()


class LoopIteratorTests(SimpleTestCase):
    def test_items_and_closing(self) -> None:
        closed = []

        async def count() -> AsyncIterator[int]:
            try:
                for number in range(5):
                    yield number
            finally:
                closed.append(True)

        assert list(LoopIterator(count())) == [0, 1, 2, 3, 4]
        assert closed == [True]
        parts = LoopIterator(count())
        assert next(parts) == 0
        parts.close()
        assert closed == [True, True]

    def test_errors_come_through(self) -> None:
        async def broken() -> AsyncIterator[int]:
            yield 1
            raise ValueError("broken")

        parts = LoopIterator(broken())
        assert next(parts) == 1
        with self.assertRaisesMessage(ValueError, "broken"):
            next(parts)
