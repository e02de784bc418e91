"""When what is sent, without any Redis."""

from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase

from mindwave_django.events import Ended, Outcome
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.redis.outbox import Outbox
from mindwave_django.streaming.redis.outgoing import Batch, Outgoing


class Pipe(list[tuple[str, Any]]):
    """A pipeline that only notes what is put in."""

    def xadd(self, key: str, fields: Any, **kwargs: Any) -> None:
        self.append(("xadd", fields))

    def pexpire(self, key: str, milliseconds: int) -> None:
        self.append(("pexpire", milliseconds))


class DueTests(SimpleTestCase):
    def setUp(self) -> None:
        self.answer = Answer("s")
        self.outgoing = Outgoing(self.answer, lambda reason: None, "key")

    def send(self) -> None:
        """Let all there is arrive."""
        pipe = Pipe()
        batch = Batch(pipe, self.outgoing, "process")
        batch.settle([b"1"] * len(pipe))

    def sent_at(self) -> float:
        return self.outgoing._sent_at

    def test_beginning_is_sent_at_once(self) -> None:
        assert self.outgoing.is_due(0)
        self.send()
        assert not self.outgoing.is_due(self.sent_at() + 100)  # there is nothing new

    def test_text_is_gathered(self) -> None:
        self.send()
        self.answer.append(b"Hello")
        assert not self.outgoing.is_due(self.sent_at() + 0.4)
        assert self.outgoing.is_due(self.sent_at() + 0.5)

    def test_text_is_gathered_for_less_while_somebody_reads(self) -> None:
        self.send()
        self.answer.append(b"Hello")
        now = self.sent_at()
        self.outgoing.see(now, 10)
        assert not self.outgoing.is_due(now + 0.04)
        assert self.outgoing.is_due(now + 0.05)
        assert not self.outgoing.is_watched(now + 10)

    def test_end_is_sent_at_once(self) -> None:
        self.send()
        self.answer.finish(Ended(Outcome.COMPLETED))
        assert self.outgoing.is_due(self.sent_at())

    def test_what_redis_has_is_asked_first(self) -> None:
        self.outgoing.ask()
        assert not self.outgoing.is_due(100)

    def test_reply_that_comes_too_late_says_nothing(self) -> None:
        pipe = Pipe()
        batch = Batch(pipe, self.outgoing, "process")
        self.outgoing.ask()  # meanwhile somebody says that something is missing
        assert batch.settle([b"1"] * len(pipe)) is None
        assert self.outgoing.position is None
        assert not self.outgoing.has_start

    def test_rewriting_is_bounded(self) -> None:
        assert [self.outgoing.may_rewrite(now) for now in (0.0, 0.9, 1.1, 2.0)] == [
            True,
            False,
            True,
            False,
        ]


class OutboxTests(SimpleTestCase):
    def test_only_what_is_kept_stays(self) -> None:
        kept = {"a", "b", "c"}
        outbox = Outbox(kept.__contains__)
        outgoing = {name: Outgoing(Answer(name), lambda reason: None, name) for name in kept}
        for each in outgoing.values():
            outbox.add(each)
        outbox.arrive(outgoing["a"])
        outbox.arrive(outgoing["b"])
        kept -= {"a", "c"}
        outbox.forget_arrived()
        assert outbox.take_back("a") is None
        assert {each.key for each in outbox} == {"c"}
        outbox.give_up()
        assert list(outbox) == []
        assert outbox.take_back("b") is outgoing["b"]
        assert outgoing["b"].position is None
        assert list(outbox) == [outgoing["b"]]
