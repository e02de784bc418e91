"""The rows of answers: claims, checkpoints, leases, and the final save."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any
from unittest import mock

from django.db import DatabaseError
from django.test import TestCase
from django.utils import timezone

from mindwave_django.events import CancelReason, Outcome
from mindwave_django.models import ChatMessage, Conversation, MessageState
from mindwave_django.recorder import MessageRecorder, abandoned, interrupt_stale
from mindwave_django.signals import StreamEnded
from mindwave_django.streaming.recorder import Verdict

HOUR = dt.timedelta(hours=1)
recorder = MessageRecorder()


class RowTestCase(TestCase):
    def setUp(self) -> None:
        conversation = Conversation.objects.create(owner="u:1", title="T")
        self.row = ChatMessage.objects.create(
            conversation=conversation,
            owner="u:1",
            position=1,
            role="assistant",
            state=MessageState.PENDING,
        )
        self.stream_id = self.row.stream_id

    def change(self, **fields: Any) -> None:
        ChatMessage.objects.filter(pk=self.row.pk).update(**fields)

    def fresh(self) -> ChatMessage:
        self.row.refresh_from_db()
        return self.row

    def ended(self, **fields: Any) -> StreamEnded:
        known = dict.fromkeys(StreamEnded.__struct_fields__)
        texts = dict.fromkeys(("text", "reasoning", "code", "finish_reason", "model"), "")
        defaults = {
            "stream_id": self.stream_id,
            "outcome": Outcome.COMPLETED,
            "response_id": "",
            "ended_at": time.time(),
        }
        return StreamEnded(**known | texts | defaults | fields)


class ClaimTests(RowTestCase):
    def test_once(self) -> None:
        assert recorder.claim(self.stream_id) is True
        assert recorder.claim(self.stream_id) is False
        row = self.fresh()
        assert row.state == "streaming"
        assert row.started_at == row.checkpoint_at == row.reader_seen_at is not None

    def test_only_what_is_pending(self) -> None:
        for state in set(MessageState) - {MessageState.PENDING}:
            self.change(state=state)
            assert recorder.claim(self.stream_id) is False
            assert self.fresh().state == state

    def test_what_is_not_there(self) -> None:
        assert recorder.claim("0" * 32) is False


class CheckpointTests(RowTestCase):
    def setUp(self) -> None:
        super().setUp()
        recorder.claim(self.stream_id)

    def test_saves_and_renews_the_lease(self) -> None:
        self.change(checkpoint_at=timezone.now() - HOUR)
        with self.assertNumQueries(1):
            assert recorder.checkpoint(self.stream_id, "Half", "Hm") is Verdict.GO_ON
        row = self.fresh()
        assert (row.content, row.reasoning) == ("Half", "Hm")
        assert row.checkpoint_at > timezone.now() - HOUR

    def test_nothing_new_renews_the_lease_only(self) -> None:
        self.change(content="Half", checkpoint_at=timezone.now() - HOUR)
        assert recorder.checkpoint(self.stream_id, None, None) is Verdict.GO_ON
        row = self.fresh()
        assert row.content == "Half"
        assert row.checkpoint_at > timezone.now() - HOUR

    def test_a_person_wants_it_stopped(self) -> None:
        self.change(cancel_requested=True)
        assert recorder.checkpoint(self.stream_id, "Half", "") is Verdict.STOP
        assert self.fresh().content == "Half"
        assert self.fresh().content == "Half"

    def test_lease_is_lost(self) -> None:
        self.change(state=MessageState.INTERRUPTED, content="Kept")
        assert recorder.checkpoint(self.stream_id, "Other", "") is Verdict.LOST
        assert self.fresh().content == "Kept"

    def test_row_is_deleted(self) -> None:
        self.row.delete()
        assert recorder.checkpoint(self.stream_id, "Half", "") is Verdict.LOST


class FinishTests(RowTestCase):
    def setUp(self) -> None:
        super().setUp()
        recorder.claim(self.stream_id)

    def finish(self, **fields: Any) -> ChatMessage:
        recorder.finish(self.ended(**fields))
        return self.fresh()

    def test_states(self) -> None:
        for fields, state in (
            ({"outcome": Outcome.COMPLETED}, "complete"),
            ({"outcome": Outcome.CANCELLED, "reason": CancelReason.USER}, "cancelled"),
            ({"outcome": Outcome.FAILED, "code": "timeout"}, "failed"),
            ({"outcome": Outcome.FAILED, "code": "interrupted"}, "interrupted"),
        ):
            self.change(state=MessageState.STREAMING)
            row = self.finish(text="T", **fields)
            assert (row.state, row.content) == (state, "T")
            assert row.error_code == fields.get("code", "")
            assert row.cancel_reason == fields.get("reason", "")

    def test_nobody_knows_is_null(self) -> None:
        row = self.finish()
        numbers = (row.input_tokens, row.output_tokens, row.cached_input_tokens, row.cost)
        assert numbers == (None, None, None, None)
        assert (row.usage_source, row.first_token_at) == ("", None)

    def test_never_over_a_row_that_was_given_up(self) -> None:
        self.change(state=MessageState.INTERRUPTED, content="Kept")
        row = self.finish(text="Other")
        assert (row.state, row.content) == ("interrupted", "Kept")


class AbandonedTests(RowTestCase):
    def test_unread_past_its_time(self) -> None:
        assert abandoned(ChatMessage.objects.all()) == 0
        self.change(created_at=timezone.now() - HOUR)
        assert abandoned(ChatMessage.objects.all()) == 1
        row = self.fresh()
        assert (row.state, row.cancel_reason) == ("cancelled", "no_reader")
        assert row.ended_at is not None

    def test_writer_that_went_silent(self) -> None:
        recorder.claim(self.stream_id)
        assert interrupt_stale(ChatMessage.objects.all()) == 0
        self.change(content="Half", checkpoint_at=timezone.now() - HOUR)
        assert interrupt_stale(ChatMessage.objects.all()) == 1
        row = self.fresh()
        assert (row.state, row.error_code, row.content) == ("interrupted", "interrupted", "Half")

    def test_lease_lasts_two_and_a_half_intervals(self) -> None:
        recorder.claim(self.stream_id)
        for seconds, count in ((4.5, 0), (5.5, 1)):
            self.change(checkpoint_at=timezone.now() - dt.timedelta(seconds=seconds))
            assert interrupt_stale(ChatMessage.objects.all()) == count

    def test_others_are_left_alone(self) -> None:
        for state in set(MessageState) - {MessageState.PENDING, MessageState.STREAMING}:
            self.change(
                state=state,
                created_at=timezone.now() - HOUR,
                checkpoint_at=timezone.now() - HOUR,
            )
            assert abandoned(ChatMessage.objects.all()) == 0

    def test_clock_of_the_database_counts(self) -> None:
        recorder.claim(self.stream_id)
        with mock.patch("time.time", return_value=time.time() + 7200):
            assert interrupt_stale(ChatMessage.objects.all()) == 0


class SweepTests(RowTestCase):
    def left(self) -> ChatMessage:
        """Return the row of a process that is gone."""
        return ChatMessage.objects.create(
            conversation=Conversation.objects.create(owner="u:2", title="T"),
            owner="u:2",
            position=1,
            role="assistant",
            state=MessageState.STREAMING,
            checkpoint_at=timezone.now() - HOUR,
        )

    def checkpoints(self, *times: float) -> list[str]:
        """Save checkpoints at these times; return the states of a row that was left."""
        recorder, left, states = MessageRecorder(), self.left(), []
        recorder.claim(self.stream_id)
        for moment in times:
            with mock.patch("mindwave_django.recorder.time.monotonic", return_value=moment):
                assert recorder.checkpoint(self.stream_id, "Half", "") is Verdict.GO_ON
            left.refresh_from_db()
            states.append(left.state)
        assert self.fresh().state == "streaming"
        return states

    def test_rows_of_others_are_ended_in_passing(self) -> None:
        with self.assertLogs("mindwave_django", "WARNING") as logs:
            states = self.checkpoints(100, 102, 104, 106)
        assert states == ["streaming", "streaming", "streaming", "interrupted"]
        assert "1 abandoned answers were ended." in logs.output[0]

    def test_not_soon_after_a_break(self) -> None:
        assert self.checkpoints(100, 104, 110, 114) == ["streaming"] * 4

    def test_not_all_the_time(self) -> None:
        with self.assertLogs("mindwave_django", "WARNING"):
            self.checkpoints(100, 104, 106)
        with mock.patch("mindwave_django.recorder.interrupt_stale", return_value=0) as sweep:
            self.checkpoints(*range(200, 330, 2))
        assert sweep.call_count == 3

    def test_rows_that_were_renewed_a_minute_ago_are_left_alone(self) -> None:
        with mock.patch.object(self, "left", self.recent):
            assert self.checkpoints(100, 104, 106) == ["streaming"] * 3

    def recent(self) -> ChatMessage:
        row = SweepTests.left(self)
        row.checkpoint_at = timezone.now() - dt.timedelta(seconds=50)
        row.save()
        return row

    def test_checkpoint_counts_all_the_same(self) -> None:
        error = mock.patch("mindwave_django.recorder.interrupt_stale", side_effect=DatabaseError)
        with error, self.assertLogs("mindwave_django", "WARNING") as logs:
            self.checkpoints(100, 104, 106)
        assert "could not be ended: DatabaseError" in logs.output[0]
        assert self.fresh().content == "Half"


class LastReaderTests(RowTestCase):
    def test_nobody_was_seen(self) -> None:
        assert recorder.last_reader_at(self.stream_id) is None
        assert recorder.last_reader_at("0" * 32) is None

    def test_age_is_reckoned_by_one_clock(self) -> None:
        self.change(reader_seen_at=timezone.now() - dt.timedelta(seconds=30))
        with mock.patch("mindwave_django.recorder.time.time", return_value=1000.0):
            seen = recorder.last_reader_at(self.stream_id)
        assert seen is not None
        assert 960 < seen < 970.01  # SQLite knows milliseconds
