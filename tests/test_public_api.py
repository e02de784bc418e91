"""The names that others may rely on."""

from __future__ import annotations

import re

from django.dispatch import Signal
from django.test import SimpleTestCase
from django.urls import reverse

import mindwave_django
from mindwave_django import drivers, protocols, signals, testing


class PublicNamesTests(SimpleTestCase):
    def test_package(self) -> None:
        assert mindwave_django.__all__ == ["__version__", "llm", "stream"]

    def test_version_is_one(self) -> None:
        assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", mindwave_django.__version__)

    def test_testing(self) -> None:
        assert testing.__all__ == [
            "FakeDriver",
            "Gate",
            "ServerSentEvent",
            "fake_driver",
            "parse_events",
            "text_of",
        ]

    def test_drivers(self) -> None:
        assert drivers.__all__ == ["DEFAULT_ALIAS", "Driver", "drivers"]

    def test_protocols(self) -> None:
        assert protocols.__all__ == ["PROTOCOLS", "Protocol"]
        assert list(protocols.PROTOCOLS) == ["text"]

    def test_everything_in_all_is_there(self) -> None:
        for module in (mindwave_django, testing, drivers, protocols):
            for name in module.__all__:
                assert getattr(module, name) is not None

    def test_signals(self) -> None:
        found = {name for name, value in vars(signals).items() if isinstance(value, Signal)}
        assert found == {
            "stream_cancelled",
            "stream_completed",
            "stream_failed",
            "stream_started",
            "token_streamed",
        }

    def test_event_objects(self) -> None:
        found = {
            name
            for name, value in vars(signals).items()
            if isinstance(value, type) and value.__module__ == signals.__name__
        }
        assert found == {"StreamEnded", "StreamSignal", "StreamStarted", "TokenStreamed"}

    def test_fields_of_the_events(self) -> None:
        started = (
            *("stream_id", "prompt", "messages", "owner", "user", "driver", "model", "options"),
            *("started_at", "trace_id", "span_id", "context"),
        )
        assert signals.StreamStarted.__struct_fields__ == started
        assert signals.TokenStreamed.__struct_fields__ == (
            *("delta", "cumulative_tokens", "span_id", "trace_id", "timestamp", "timestamp_ms"),
            *("metadata", "is_final", "stream_id", "context"),
        )
        assert signals.StreamEnded.__struct_fields__ == (
            *started,
            *("text", "reasoning", "outcome", "code", "reason", "finish_reason", "usage", "cost"),
            *("response_id", "first_token_at", "ended_at"),
        )

    def test_urls(self) -> None:
        assert reverse("mindwave:stream") == "/mindwave/stream/"
        assert reverse("mindwave:generate") == "/mindwave/generate/"
