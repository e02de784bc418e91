"""Reading an answer that another process writes: from its row."""

from __future__ import annotations

import asyncio
import datetime as dt
from decimal import Decimal
from typing import Any
from unittest import mock

from asgiref.sync import sync_to_async
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from mindwave_django.events import CancelReason, Outcome
from mindwave_django.models import ChatMessage, Conversation, MessageState
from mindwave_django.streaming.answer import Piece
from mindwave_django.streaming.follow import Follower
from mindwave_django.streaming.log import current_log
from mindwave_django.streaming.progress import Progress
from mindwave_django.streaming.worker import parent_executor
from mindwave_django.tail import RowTail
from tests.recording import LIMIT, until

QUICK = override_settings(MINDWAVE={"CHAT": {"CHECKPOINT_INTERVAL": 0.04}})


class RowTailTests(TransactionTestCase):
    def setUp(self) -> None:
        self.enterContext(QUICK)
        conversation = Conversation.objects.create(owner="u:1", title="T")
        self.row = ChatMessage.objects.create(
            conversation=conversation,
            owner="u:1",
            position=1,
            role="assistant",
            state=MessageState.STREAMING,
            checkpoint_at=self.later(),
        )

    def later(self) -> dt.datetime:
        """Return a checkpoint that is not stale while a test runs."""
        return timezone.now() + dt.timedelta(hours=1)

    async def change(self, **fields: Any) -> None:
        await ChatMessage.objects.filter(pk=self.row.pk).aupdate(**fields)

    def tail(self) -> RowTail:
        # In the test's own thread: a database in memory locks whole tables between threads.
        tail = RowTail(self.row, parent_executor())
        self.follower = Follower(tail.answer, current_log())
        tail.start()
        self.addCleanup(tail.close)
        return tail

    async def rest(self) -> tuple[str, Any]:
        items = [item async for portion in self.follower for item in portion]
        pieces = [i.data for i in items if isinstance(i, Piece) and not i.is_reasoning]
        self.follower.close()
        return b"".join(pieces).decode(), items[-1]

    async def test_follows_to_the_end(self) -> None:
        await self.change(content="Grüße 😀")
        tail = self.tail()
        await until(lambda: tail.answer.text == "Grüße 😀")
        await self.change(content="Grüße 😀, world")
        await until(lambda: tail.answer.text == "Grüße 😀, world")
        await self.change(content="Grüße 😀, world!", state="complete", finish_reason="stop")
        text, ended = await asyncio.wait_for(self.rest(), LIMIT)
        assert text == "Grüße 😀, world!"
        assert (ended.outcome, ended.finish_reason) == (Outcome.COMPLETED, "stop")

    async def test_reasoning_has_a_position_of_its_own(self) -> None:
        await self.change(reasoning="Hm")
        tail = self.tail()
        await until(lambda: tail.answer.reasoning == "Hm")
        await self.change(reasoning="Hmmm.", content="Yes.", state="complete")
        await asyncio.wait_for(self.rest(), LIMIT)
        assert (tail.answer.reasoning, tail.answer.text) == ("Hmmm.", "Yes.")

    async def test_figures_are_estimated_until_the_end(self) -> None:
        hour = dt.timedelta(hours=1)
        await self.change(started_at=timezone.now() - hour)
        tail = self.tail()
        await until(lambda: tail._said_at > 0)
        assert tail.answer.progress() is None
        await self.change(content="a" * 40, reasoning="b" * 8)
        await until(lambda: tail.answer.text)
        figures = tail.answer.progress()
        assert figures is not None
        assert (figures.tokens, figures.cost) == (12, None)
        assert 0 <= figures.elapsed - hour.total_seconds() < LIMIT
        assert figures.tokens_per_second == figures.tokens / figures.elapsed
        end = timezone.now()
        ended = {"started_at": end - hour, "first_token_at": end - hour / 2, "ended_at": end}
        await self.change(state="complete", output_tokens=3600, cost="0.5", **ended)
        await asyncio.wait_for(self.rest(), LIMIT)
        assert tail.answer.progress() == Progress(3600, 2.0, 3600.0, Decimal("0.5"))

    async def test_other_endings(self) -> None:
        for fields, outcome, code, reason in (
            ({"state": "cancelled", "cancel_reason": "user"}, "cancelled", "", CancelReason.USER),
            ({"state": "failed", "error_code": "timeout"}, "failed", "timeout", None),
            ({"state": "interrupted"}, "failed", "interrupted", None),
        ):
            await self.change(**{"error_code": "", "cancel_reason": ""} | fields)
            self.tail()
            _, ended = await asyncio.wait_for(self.rest(), LIMIT)
            assert (ended.outcome, ended.code, ended.reason) == (outcome, code, reason)

    async def test_says_that_it_is_read(self) -> None:
        tail = self.tail()
        await until(lambda: tail._said_at > 0)  # to ask the database meanwhile would lock it
        row = await ChatMessage.objects.aget(pk=self.row.pk)
        assert row.reader_seen_at is not None

    async def test_writer_that_went_silent_is_given_up(self) -> None:
        await self.change(content="Half", checkpoint_at=timezone.now() - dt.timedelta(hours=1))
        self.tail()
        text, ended = await asyncio.wait_for(self.rest(), LIMIT)
        assert (text, ended.outcome, ended.code) == ("Half", Outcome.FAILED, "interrupted")
        row = await ChatMessage.objects.aget(pk=self.row.pk)
        assert (row.state, row.content) == ("interrupted", "Half")

    async def test_row_that_is_deleted(self) -> None:
        tail = self.tail()
        await until(lambda: tail._said_at > 0)
        await ChatMessage.objects.all().adelete()
        _, ended = await asyncio.wait_for(self.rest(), LIMIT)
        assert (ended.outcome, ended.code) == (Outcome.FAILED, "stream_expired")

    async def test_database_that_stays_away_is_told_and_logged(self) -> None:
        with (
            mock.patch.object(RowTail, "_look", side_effect=OSError("secret")),
            mock.patch("mindwave_django.tail.OUTAGE_LIMIT", 0.05),
            self.assertLogs("mindwave_django", "WARNING") as logs,
        ):
            self.tail()
            _, ended = await asyncio.wait_for(self.rest(), LIMIT)
        assert (ended.outcome, ended.code) == (Outcome.FAILED, "internal_error")
        assert len(logs.output) == 2
        assert "its row cannot be read" in logs.output[0]
        assert "secret" not in "".join(logs.output)

    async def test_database_that_comes_back_is_read_on(self) -> None:
        await self.change(content="Half", state="complete")
        look, faults = RowTail._look, [OSError(), OSError()]

        def failing_look(tail: RowTail) -> Any:
            if faults:
                raise faults.pop()
            return look(tail)

        with mock.patch.object(RowTail, "_look", failing_look), self.assertLogs("mindwave_django"):
            self.tail()
            text, ended = await asyncio.wait_for(self.rest(), LIMIT)
        assert (text, ended.outcome) == ("Half", Outcome.COMPLETED)

    async def test_writer_has_time_to_come_back_after_an_outage(self) -> None:
        await self.change(checkpoint_at=timezone.now() - dt.timedelta(hours=1))
        tail = self.tail()
        tail._trusts_until = float("inf")
        await until(lambda: tail._said_at > 0)
        assert (await ChatMessage.objects.aget(pk=self.row.pk)).state == "streaming"
        tail._trusts_until = 0
        _, ended = await asyncio.wait_for(self.rest(), LIMIT)
        assert ended.code == "interrupted"

    async def test_nothing_is_read_after_the_reader_left(self) -> None:
        tail = self.tail()
        await until(lambda: tail._said_at > 0)
        tail.close()
        await asyncio.wait({tail._task})
        assert tail._task.cancelled()

    async def test_only_what_is_new_is_read(self) -> None:
        await self.change(content="x" * 1000)
        tail = self.tail()
        await until(lambda: tail.answer.size == 1000)
        tail.close()
        await asyncio.wait({tail._task})
        await self.change(content="x" * 1000 + "new")
        found = await sync_to_async(tail._read)()
        assert found.rest == "new"
        self.follower.close()
