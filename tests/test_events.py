"""What comes out of a driver."""

from __future__ import annotations

import json

import msgspec
from django.test import SimpleTestCase

from mindwave_django.events import (
    CancelReason,
    Ended,
    Finished,
    Outcome,
    ReasoningDelta,
    TextDelta,
    Usage,
    UsageSource,
)


class EventTests(SimpleTestCase):
    def test_unknown_tokens_are_none_and_never_zero(self) -> None:
        usage = Usage()
        assert usage.source is UsageSource.REPORTED
        assert msgspec.to_builtins(usage) == {
            "input_tokens": None,
            "output_tokens": None,
            "cached_input_tokens": None,
            "reasoning_tokens": None,
            "source": "reported",
        }

    def test_events_cannot_be_changed(self) -> None:
        for event in (TextDelta("a"), ReasoningDelta("a"), Finished(), Ended(Outcome.COMPLETED)):
            with self.subTest(event=event), self.assertRaises(AttributeError):
                setattr(event, event.__struct_fields__[0], "b")

    def test_finished_stops_by_default_and_knows_no_usage(self) -> None:
        assert Finished() == Finished("stop", None, "", "")

    def test_words_are_stable(self) -> None:
        assert list(Outcome) == ["completed", "failed", "cancelled"]
        assert list(CancelReason) == ["user", "no_reader", "shutdown"]
        assert list(UsageSource) == ["reported", "tokenizer", "estimated"]

    def test_words_are_written_to_json_as_they_are(self) -> None:
        assert json.dumps([Outcome.FAILED, CancelReason.USER]) == '["failed", "user"]'
