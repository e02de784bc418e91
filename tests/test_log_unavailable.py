"""Nobody can say whether a stream is there: its reader may come back, or is shown the row."""

from __future__ import annotations

from unittest import mock

from django.test import TestCase

from mindwave_django.models import ChatMessage, MessageState
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.log import LogUnavailable, MemoryLog
from mindwave_django.testing import fake_driver
from tests.asking import STREAM
from tests.chat.asking import WithChat
from tests.clients import WithAsyncClient, WithClient
from tests.recording import CoreTestCase

down = mock.patch.object(MemoryLog, "open", side_effect=LogUnavailable("Redis is away."))
HEADERS = {"Last-Event-ID": "abc:5"}


class DirectTests(WithClient, CoreTestCase):
    def test_reader_may_come_back(self) -> None:
        with fake_driver("Hello") as driver, down, self.assertLogs("mindwave_django") as logs:
            answered = self.ask(STREAM, headers=HEADERS)
        assert (answered.status, answered.body) == (200, b"")
        assert answered["Content-Type"] == "text/event-stream"
        assert "Stream abc cannot be followed now: Redis is away." in logs.output[0]
        assert driver.calls == []

    def test_copy_that_cannot_go_on(self) -> None:
        copy = Answer("abc")
        copy.append(b"Hello, wor")
        copy.break_off()
        with mock.patch.object(MemoryLog, "open", return_value=copy):
            answered = self.ask(STREAM, headers=HEADERS)
        assert [(event.event, event.data) for event in answered.events[1:]] == [
            ("message", ", wor")
        ]


class ChatTests(WithChat, TestCase):
    def test_row_is_read_instead(self) -> None:
        with fake_driver("Hello") as driver:
            posted = self.ask_in()
            assert self.read(posted).text == "Hello"
            row = ChatMessage.objects.filter(pk=posted["message"]["id"])
            row.update(state=MessageState.STREAMING, checkpoint_at="2000-01-01T00:00Z")
            with down, self.assertLogs("mindwave_django", "WARNING") as logs:
                answered = self.read(posted)
        assert "is read from its row: Redis is away." in logs.output[0]
        assert answered.text == "Hello"
        assert answered.events[-1].json()["code"] == "interrupted"
        assert len(driver.calls) == 1


class AsyncDirectTests(WithAsyncClient, DirectTests):
    pass


class AsyncChatTests(WithAsyncClient, ChatTests):
    pass
