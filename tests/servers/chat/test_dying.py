"""A process that is killed in the middle of an answer, and one that only seemed dead."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta
from typing import Any

from mindwave_django.testing import Gate
from tests.servers.base import eventually
from tests.servers.chat.base import ChatTestCase, answer_of
from tests.servers.chat.person import Person, Reading
from tests.support.databases import POSTGRESQL
from tests.support.settings_chat import CHAT
from tests.support.upstream import finish, text

INTERVAL = timedelta(seconds=CHAT["CHECKPOINT_INTERVAL"])
SLACK = timedelta(seconds=3)  # of a busy machine
INTERRUPTED = "interrupted"


class Dying:
    """`here` is started for each test and writes, `there` is another process."""

    def setUp(self) -> None:
        self.there = self.servers[0]
        self.here = self.start("uvicorn")
        self.person = Person()
        self.gates = [Gate() for _ in range(3)]
        words = (text(f"{number} ") for number in range(3))
        steps = [step for pair in zip(words, self.gates, strict=True) for step in pair]
        self.upstream.serve_only(*steps, finish())

    def begin(self) -> Any:
        """Have the answer begun here, also read there, and its first two words saved."""
        posted = self.person.ask(self.there)
        self.reading = self.read(self.person, self.here, posted["stream"])
        self.reading.read_text("0 ")
        self.other = self.read(self.person, self.there, posted["stream"])
        self.gates[0].open()
        self.reading.read_text("0 1 ")
        self.wait_for_checkpoints(posted, 2)  # the first of them may have begun before
        assert answer_of(posted).content == "0 1 "
        return posted

    def wait_for_checkpoints(self, posted: Any, number: int) -> None:
        for _ in range(number):
            before = answer_of(posted).checkpoint_at
            eventually(lambda before=before: answer_of(posted).checkpoint_at > before)

    def assert_interrupted(self, reading: Reading) -> None:
        name, told = reading.read_end()
        assert (name, told["code"], told["retryable"]) == ("failed", INTERRUPTED, True)

    def test_killed_in_the_middle(self) -> None:
        posted = self.begin()
        self.gates[1].open()
        self.reading.read_text("0 1 2 ")
        self.here.process.send(signal.SIGKILL)
        self.assert_interrupted(self.other)
        row = answer_of(posted)
        assert (row.state, row.error_code) == (INTERRUPTED, INTERRUPTED)
        # What came after the last checkpoint may be lost, and nothing else.
        assert row.content in {"0 1 ", "0 1 2 "}
        assert self.other.text == row.content
        self.assert_told_in_time(row.checkpoint_at, row.ended_at)
        self.assert_goes_on(posted)

    def assert_told_in_time(self, last_sign: datetime, given_up: datetime) -> None:
        assert 2.5 * INTERVAL <= given_up - last_sign <= 3 * INTERVAL + SLACK

    def assert_goes_on(self, posted: Any) -> None:
        """Read the end again, and ask the next question."""
        late = self.read(self.person, self.there, posted["stream"], self.other.last_id)
        assert (late.read_all(), late.status) == ([], 204)
        again = self.read(self.person, self.there, posted["stream"])
        self.assert_interrupted(again)
        assert again.text == self.other.text
        self.upstream.serve_only(text("Yes"), finish())
        following = self.person.ask(self.there, "Next", posted["conversation"]["id"])
        assert self.read(self.person, self.there, following["stream"]).read_end()[0] == "done"

    def test_nobody_watched_it_die(self) -> None:
        posted = self.begin()
        self.other.close()
        self.here.process.send(signal.SIGKILL)
        late = self.read(self.person, self.there, posted["stream"], self.reading.last_id)
        self.assert_interrupted(late)
        assert late.text == ""
        assert answer_of(posted).state == INTERRUPTED

    def test_only_slow(self) -> None:
        posted = self.begin()
        self.freeze(posted)
        self.here.process.send(signal.SIGCONT)
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
        self.assert_interrupted(self.reading)
        self.assert_untouched(posted)

    def test_only_slow_and_its_answer_was_complete_meanwhile(self) -> None:
        posted = self.begin()
        self.freeze(posted)
        for gate in self.gates:
            gate.open()
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
        self.here.process.send(signal.SIGCONT)
        self.reading.read_end()
        self.assert_untouched(posted)

    def freeze(self, posted: Any) -> None:
        """Stop the process for longer than its lease."""
        self.here.process.send(signal.SIGSTOP)
        self.addCleanup(self.here.process.send, signal.SIGCONT)
        self.assert_interrupted(self.other)
        assert answer_of(posted).content == "0 1 "
        self.gone = answer_of(posted)

    def assert_untouched(self, posted: Any) -> None:
        row = answer_of(posted)
        for name in ("state", "content", "error_code", "ended_at", "checkpoint_at"):
            assert getattr(row, name) == getattr(self.gone, name), name


class DyingTests(Dying, ChatTestCase):
    server_names = ("uvicorn",)


class DyingPostgreSQLTests(Dying, ChatTestCase):
    server_names = ("uvicorn",)
    vendor = POSTGRESQL
