"""The event loop behind synchronous callers."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import subprocess
import sys
import threading

from django.test import SimpleTestCase, tag

from mindwave_django.streaming.background import BackgroundLoop
from mindwave_django.testing import Gate
from tests.streaming.outside import LIMIT
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
        assert not loop.must_not_wait()
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

    @tag("machine")
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

    @tag("machine")
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


class BreakDownTests(SimpleTestCase):
    """asyncio lets a loop end when a task raises SystemExit."""

    def setUp(self) -> None:
        self.loop = BackgroundLoop()
        self.addCleanup(self.loop.stop)
        self.gate, self.reached = Gate(), threading.Event()

    async def leave(self) -> None:
        raise SystemExit(1)

    async def number(self) -> int:
        return 42

    async def wait_and_hold_on(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.reached.set()
            await self.gate.wait()

    async def wait_and_leave(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            sys.exit(2)

    async def thread(self) -> threading.Thread:
        return threading.current_thread()

    def test_it_is_replaced_at_the_next_use(self) -> None:
        broken = self.loop.submit(self.thread()).result(LIMIT)
        waiting = self.loop.submit(asyncio.Event().wait())
        with self.assertLogs("mindwave_django", "ERROR") as logs:
            self.loop.submit(self.leave())
            broken.join(LIMIT)
        assert not broken.is_alive()
        assert waiting.cancelled()
        assert "broke down" in logs.output[0]
        assert self.loop.submit(self.number()).result(LIMIT) == 42
        assert self.loop.submit(self.thread()).result(LIMIT) is not broken

    def test_a_loop_that_is_breaking_down_takes_no_more_work(self) -> None:
        broken = self.loop.submit(self.thread()).result(LIMIT)
        self.loop.submit(self.wait_and_hold_on())
        with self.assertLogs("mindwave_django", "ERROR"):
            self.loop.submit(self.leave())
            assert self.reached.wait(LIMIT)
            late = Gate()
            waiting, answer = self.loop.submit(late.wait()), self.loop.submit(self.number())
            self.gate.open()
            broken.join(LIMIT)
        assert not broken.is_alive()
        late.open()
        waiting.result(LIMIT)
        assert answer.result(LIMIT) == 42

    def test_a_second_blow_while_it_breaks_down_leaves_nobody_waiting(self) -> None:
        broken = self.loop.submit(self.thread()).result(LIMIT)
        waiting = [self.loop.submit(self.wait_and_leave()) for _ in range(2)]
        waiting.append(self.loop.submit(asyncio.Event().wait()))
        with self.assertLogs("mindwave_django", "ERROR"):
            self.loop.submit(self.leave())
            broken.join(LIMIT)
        assert not broken.is_alive()
        assert concurrent.futures.wait(waiting, LIMIT).not_done == set()
