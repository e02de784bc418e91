"""`progress` events of real responses, through both clients."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from unittest import mock

from django.test import RequestFactory, TestCase, override_settings

from mindwave_django import llm
from mindwave_django.events import Finished, Usage
from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.models import ChatMessage
from mindwave_django.testing import Gate, fake_driver, parse_events
from tests.asking import STREAM, respond
from tests.chat.asking import WithChat
from tests.clients import Answered, WithAsyncClient
from tests.recording import LIMIT, CoreTestCase

OPEN: dict[str, Any] = {
    "CHAT": {"ACCESS": "mindwave_django.access.anyone"},
    "PRICING": {"mine": {"input": 1, "output": 2, "per": 1000}},
}
REPLY = ("Hello", " world", Finished("stop", Usage(1000, 500, 0, 0), "mine"))
FINAL = {"tokens": 500, "tokens_per_second": None, "cost": 2.0}


def names(answered: Answered) -> list[str]:
    return [event.event for event in answered.events]


def figures(answered: Answered) -> dict[str, Any]:
    """Return the only figures, without the time, which no test knows."""
    [event] = [event for event in answered.events if event.event == "progress"]
    told = dict(event.json())
    assert isinstance(told.pop("elapsed"), float)
    return told


class DirectTests(WithChat, TestCase):
    def setUp(self) -> None:
        self.enterContext(override_settings(MINDWAVE=OPEN))

    def ask_for(self, *steps: Any, **query: Any) -> Answered:
        with fake_driver(*steps):
            return self.ask(STREAM, {"prompt": "Hi"} | query)

    def test_final_figures_right_before_the_end(self) -> None:
        answered = self.ask_for(*REPLY, progress="1")
        assert names(answered)[-3:] == ["message", "progress", "done"]
        assert figures(answered) == FINAL

    def test_positions_do_not_move(self) -> None:
        answered = self.ask_for(*REPLY, progress="1")
        assert b"\n\nevent: progress\ndata: {" in answered.body
        ids = [event.id for event in answered.events]
        assert ids[-2] == ids[-3]  # a parser keeps the last one

    def test_only_for_those_who_ask(self) -> None:
        for query in ({}, {"progress": "0"}, {"progress": ""}, {"details": "1"}):
            assert "progress" not in names(self.ask_for(*REPLY, **query))

    def test_for_everybody_by_the_setting(self) -> None:
        with override_settings(MINDWAVE=OPEN | {"STREAMING": {"PROGRESS": True}}):
            assert names(self.ask_for(*REPLY)).count("progress") == 1

    def test_text_alone_is_not_disturbed_by_the_setting(self) -> None:
        with (
            override_settings(MINDWAVE=OPEN | {"STREAMING": {"PROGRESS": True}}),
            fake_driver(*REPLY),
        ):
            assert "".join(llm().stream("Hi")) == llm().generate("Hi").text == "Hello world"

    def test_nothing_without_a_token(self) -> None:
        with self.assertLogs("mindwave_django", "ERROR"):
            answered = self.ask_for(ProviderUnavailable(), progress="1")
        assert names(answered) == ["start", "failed"]

    def test_before_a_failure(self) -> None:
        with self.assertLogs("mindwave_django", "ERROR"):
            answered = self.ask_for("Half", ProviderUnavailable(), progress="1")
        assert names(answered)[-2:] == ["progress", "failed"]

    def test_reader_who_comes_back_after_the_end(self) -> None:
        first = self.ask_for(*REPLY, progress="1")
        position = next(event.id for event in first.events if event.event == "message")
        again = self.ask(STREAM, {"progress": "1"}, headers={"Last-Event-ID": position})
        assert [tuple(event)[:2] for event in again.events[-2:]] == [
            tuple(event)[:2] for event in first.events[-2:]
        ]


class AsyncDirectTests(WithAsyncClient, DirectTests):
    pass


class WhileItComesTests(CoreTestCase):
    @mock.patch("mindwave_django.streaming.follow.PROGRESS_INTERVAL", 0.001)
    async def test_figures_come_while_the_model_is_silent(self) -> None:
        gate = Gate()
        with fake_driver("Hello", " world", gate):
            response: Any = respond(RequestFactory().get("/?progress=1"))
            body, parts = b"", aiter(response)
            while body.count(b"event: progress\n") < 2:
                body += await asyncio.wait_for(anext(parts), LIMIT)
            gate.open()
            body += b"".join([part async for part in parts])
        told = [event for event in parse_events(body) if event.event == "progress"]
        assert {event.json()["tokens"] for event in told[:2]} == {2}


class SavedTests(WithChat, TestCase):
    def setUp(self) -> None:
        self.enterContext(override_settings(MINDWAVE=OPEN))
        with fake_driver(*REPLY):
            self.posted = self.ask_in()
            self.first = self.read_on()
        self.row = ChatMessage.objects.filter(pk=self.posted["message"]["id"])

    def read_on(self, **extra: Any) -> Answered:
        return self.ask(f"{self.posted['stream']}?progress=1", **extra)

    def test_first_reader(self) -> None:
        assert figures(self.first) == FINAL

    def test_final_figures(self) -> None:
        again = self.read_on()
        assert names(again) == ["start", "message", "progress", "done"]
        assert figures(again) == FINAL

    def test_rate_is_of_the_text(self) -> None:
        row = self.row.get()
        end = row.ended_at
        assert end is not None
        self.row.update(
            started_at=end - timedelta(seconds=30),
            first_token_at=end - timedelta(seconds=8),
            reasoning_tokens=100,
        )
        again = self.read_on()
        [event] = [event for event in again.events if event.event == "progress"]
        assert event.json() == FINAL | {"tokens_per_second": 50.0, "elapsed": 30.0}

    def test_clocks_that_disagree(self) -> None:
        row = self.row.get()
        assert row.ended_at is not None
        self.row.update(started_at=row.ended_at + timedelta(seconds=9))
        [event] = [event for event in self.read_on().events if event.event == "progress"]
        assert event.json()["elapsed"] == 0

    def test_none_where_too_little_is_known(self) -> None:
        fields = ("output_tokens", "first_token_at", "started_at", "ended_at")
        whole = self.row.values(*fields).get()
        for field in fields:
            with self.subTest(field):
                self.row.update(**whole | {field: None})
                assert names(self.read_on()) == ["start", "message", "done"]

    def test_cost_that_nobody_knows(self) -> None:
        self.row.update(cost=None)
        assert figures(self.read_on()) == FINAL | {"cost": None}


class AsyncSavedTests(WithAsyncClient, SavedTests):
    pass
