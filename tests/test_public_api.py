"""The names that others may rely on."""

from __future__ import annotations

import re

from django.apps import apps
from django.dispatch import Signal
from django.test import SimpleTestCase
from django.urls import reverse

import mindwave_django
from mindwave_django import drivers, protocols, signals, testing
from mindwave_django.models import MessageState
from mindwave_django.streaming.recorder import Recorder, Verdict


class PublicNamesTests(SimpleTestCase):
    def test_package(self) -> None:
        assert mindwave_django.__all__ == ["__version__", "llm", "stream"]

    def test_version_is_one(self) -> None:
        assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", mindwave_django.__version__)

    def test_testing(self) -> None:
        assert testing.__all__ == [
            "FakeDriver",
            "Gate",
            "LogContract",
            "ServerSentEvent",
            "SharedLogContract",
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

    def test_urls_of_the_chat(self) -> None:
        pk = "7f9a2d9e-2c3f-4f30-9f1f-1f0c7f8f0a11"
        assert reverse("mindwave:messages") == "/mindwave/messages/"
        assert reverse("mindwave:conversations") == "/mindwave/conversations/"
        assert reverse("mindwave:conversation", args=[pk]) == f"/mindwave/conversations/{pk}/"
        for action in ("stream", "cancel", "regenerate", "edit"):
            path = reverse(f"mindwave:message-{action}", args=[pk])
            assert path == f"/mindwave/messages/{pk}/{action}/"

    def test_contract_of_a_recorder(self) -> None:
        assert Recorder.__abstractmethods__ == {"claim", "checkpoint", "finish"}
        assert list(Verdict) == ["go_on", "stop", "lost"]

    def test_models(self) -> None:
        assert [
            model.__name__ for model in apps.get_app_config("mindwave_django").get_models()
        ] == [
            "Conversation",
            "ChatMessage",
            "ProviderCall",
            "DailyUsage",
            "OwnerUsage",
            "DailyLatency",
            "RollUp",
        ]
        assert MessageState.values == [
            *("pending", "streaming", "complete", "cancelled", "failed", "interrupted"),
        ]
