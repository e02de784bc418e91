"""The log in memory."""

from __future__ import annotations

from unittest import mock

from django.test import SimpleTestCase, override_settings, tag

from mindwave_django.backends import BackendError
from mindwave_django.streaming.log import Log, MemoryLog, current_log
from mindwave_django.testing import LogContract, parse_events
from mindwave_django.testing.log_contract import COMPLETED, nothing
from tests.streaming.outside import run_script


class MemoryLogContractTests(LogContract, SimpleTestCase):
    def make(self) -> Log:
        return MemoryLog()


class MemoryLogTests(SimpleTestCase):
    @override_settings(MINDWAVE={"STREAMING": {"RETENTION": 0}})
    async def test_nothing_is_kept_without_retention(self) -> None:
        log = MemoryLog()
        answer = log.create("s", "", nothing)
        await log.finish(answer, COMPLETED)
        assert await log.open("s") is None
        assert answer.ended == COMPLETED  # those who read it have it still

    @override_settings(MINDWAVE={"STREAMING": {"RETENTION": 60}})
    async def test_an_answer_expires_after_its_retention(self) -> None:
        log = MemoryLog()
        with mock.patch("mindwave_django.streaming.retention.time.monotonic") as clock:
            clock.return_value = 1000.0
            await log.finish(log.create("s", "", nothing), COMPLETED)
            clock.return_value = 1059.9
            assert await log.open("s") is not None
            clock.return_value = 1060.0
            assert await log.open("s") is None

    @override_settings(MINDWAVE={"STREAMING": {"RETENTION": 60}})
    async def test_the_oldest_finished_answers_go_first_when_memory_is_short(self) -> None:
        log = MemoryLog(max_bytes=10)
        running = log.create("running", "", nothing)
        running.append(b"x" * 50)
        for name in ("a", "b", "c"):
            answer = log.create(name, "", nothing)
            answer.append(b"12345")
            await log.finish(answer, COMPLETED)
        kept = [name for name in ("running", "a", "b", "c") if await log.open(name)]
        assert kept == ["running", "b", "c"]

    async def test_answers_are_bounded(self) -> None:
        answer = MemoryLog(max_answer_bytes=3).create("s", "", nothing)
        assert answer.max_bytes == 3


class CurrentLogTests(SimpleTestCase):
    def test_settings_choose_the_log(self) -> None:
        config = {
            "BACKEND": "mindwave_django.streaming.log.MemoryLog",
            "OPTIONS": {"max_answer_bytes": 7},
        }
        with override_settings(MINDWAVE={"STREAMING": {"LOG": config}}):
            chosen = current_log()
            assert chosen.create("s", "", nothing).max_bytes == 7
            assert current_log() is chosen
        assert current_log() is not chosen

    def test_wrong_option_names_the_place(self) -> None:
        config = {
            "BACKEND": "mindwave_django.streaming.log.MemoryLog",
            "OPTIONS": {"max_byte": 7},
        }
        message = "MINDWAVE['STREAMING']['LOG']: MemoryLog has no option 'max_byte'."
        with (
            override_settings(MINDWAVE={"STREAMING": {"LOG": config}}),
            self.assertRaisesMessage(BackendError, message),
        ):
            current_log()

    @tag("machine")
    def test_a_forked_child_does_not_follow_what_its_parent_writes(self) -> None:
        done = run_script(
            "import signal\n"
            "from django.test import RequestFactory\n"
            "def answer(**headers):\n"
            "    return stream('Hi').response(RequestFactory().get('/', headers=headers))\n"
            "with fake_driver('some', Gate(), 'never'):\n"
            "    parts = iter(answer())\n"
            "    position = next(parts).partition(b'id: ')[2].partition(b'\\n')[0].decode()\n"
            "    child = os.fork()\n"
            "    if not child:\n"
            "        signal.alarm(10)\n"  # ends a child that waits
            "        resumed = answer(**{'Last-Event-ID': position})\n"
            "        print(resumed.getvalue().decode(), flush=True)\n"
            "        os._exit(0)\n"
            "    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)\n"
            "    os._exit(0)\n"
        )
        *body, code = done.stdout.strip().splitlines()
        (event,) = parse_events("\n".join([*body, "\n"]).encode())
        assert event.event == "failed"
        assert event.json()["code"] == "stream_expired"
        assert code == "0"
