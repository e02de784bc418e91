"""Who claims an answer, where that is done, and what becomes of it when its reader leaves."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock
from uuid import uuid4

from asgiref.sync import SyncToAsync
from django.test import RequestFactory, SimpleTestCase, override_settings

from mindwave_django.access import Caller
from mindwave_django.answers import MessageAnswer, answer_response
from mindwave_django.events import CancelReason
from mindwave_django.http import StreamedTextResponse
from mindwave_django.models import ChatMessage, MessageState
from mindwave_django.signals import StreamEnded
from mindwave_django.streaming.call import Call
from mindwave_django.streaming.log import current_log
from mindwave_django.testing import FakeDriver, Gate
from mindwave_django.testing.driver import Step
from tests.recording import LIMIT
from tests.streaming.fake_recorder import FakeRecorder
from tests.streaming.support import call_to, hearing, until


class ClaimTests(SimpleTestCase):
    def setUp(self) -> None:
        self.message = ChatMessage(pk=uuid4(), state=MessageState.PENDING)
        self.recorder = FakeRecorder()
        self.driver = FakeDriver()
        self.enterContext(
            mock.patch("mindwave_django.answers.current_recorder", return_value=self.recorder)
        )
        self.enterContext(mock.patch("mindwave_django.answers._call_for", self.call_for))
        self.enterContext(mock.patch("mindwave_django.streaming.generation.write_down"))

    def call_for(self, *args: Any) -> Call:
        return call_to(self.driver, stream_id=self.message.stream_id)

    def respond(self, *steps: Step, last_event_id: str = "") -> StreamedTextResponse:
        self.driver.reply(*steps)
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        request = RequestFactory().get("/", headers=headers)
        return answer_response(request, self.message, Caller("", None))

    def look_late(self, gate: Gate) -> Any:
        """Return an `open` that takes its time, as on a busy event loop."""
        look = MessageAnswer.open

        async def late(answer: MessageAnswer, executor: Any) -> Any:
            await asyncio.sleep(0.1)
            gate.open()
            return await look(answer, executor)

        return late

    async def read(self, response: StreamedTextResponse) -> bytes:
        return b"".join([part async for part in response])

    async def end(self) -> StreamEnded:
        async with asyncio.timeout(LIMIT):
            while not self.recorder.endings:
                await asyncio.sleep(0.002)
        return self.recorder.endings[0]

    async def test_claim_comes_first(self) -> None:
        assert b"Hello" in await self.read(self.respond("Hello"))
        assert self.recorder.told[0] == ("claim", self.message.stream_id)
        assert (await self.end()).text == "Hello"

    def test_claim_comes_first_for_a_synchronous_reader(self) -> None:
        assert b"Hello" in self.respond("Hello").getvalue()
        assert self.recorder.told[0] == ("claim", self.message.stream_id)
        assert self.recorder.endings[0].text == "Hello"

    async def test_one_visit_to_a_thread_does_for_the_request_and_the_claim(self) -> None:
        submit = mock.patch("mindwave_django.streaming.worker.submit", side_effect=AssertionError)
        visit = mock.patch.object(
            SyncToAsync, "__call__", autospec=True, side_effect=SyncToAsync.__call__
        )
        response = self.respond(gate := Gate())
        with submit, visit as visits:
            await anext(parts := aiter(response))
        assert self.recorder.told == [("claim", self.message.stream_id)]
        assert visits.call_count == 1
        gate.open()
        async for _ in parts:
            pass

    async def test_who_does_not_get_it_asks_nobody(self) -> None:
        self.recorder.claimed = False
        with hearing() as heard, mock.patch("mindwave_django.answers._from_row") as from_row:
            from_row.return_value = None
            assert b"can no longer be resumed" in await self.read(self.respond("Hello"))
        assert from_row.called
        assert self.driver.calls == []
        assert heard.events == []
        assert await current_log().open(self.message.stream_id) is None

    async def test_who_has_the_end_claims_nothing(self) -> None:
        await self.read(self.respond("Hello", last_event_id=f"{self.message.stream_id}:end"))
        assert self.recorder.told == []

    async def test_claim_that_fails_is_an_error_of_ours(self) -> None:
        with (
            mock.patch.object(self.recorder, "claim", side_effect=OSError("no database")),
            self.assertLogs("mindwave_django", "ERROR"),
        ):
            assert b"internal_error" in await self.read(self.respond("Hello"))
        assert self.driver.calls == []

    async def test_who_is_cancelled_meanwhile_leaves_no_orphan(self) -> None:
        gate = Gate()
        claim = self.recorder.claim

        def slow_claim(stream_id: str) -> bool:
            asyncio.run(gate.wait())
            return claim(stream_id)

        with mock.patch.object(self.recorder, "claim", slow_claim):
            task = asyncio.create_task(self.read(self.respond("Hello")))
            await until(gate.reached)
            task.cancel()
            await asyncio.wait({task})
            gate.open()
            ended = await self.end()
        assert task.cancelled()
        assert ended.text == "Hello"

    @override_settings(MINDWAVE={"STREAMING": {"RECONNECT_GRACE": 0}})
    async def test_reader_who_is_on_the_way_needs_no_grace(self) -> None:
        gate = Gate()
        with mock.patch.object(MessageAnswer, "open", self.look_late(gate)):
            assert b"Hello" in await self.read(self.respond("Hello", gate))
        assert (await self.end()).reason is None

    @override_settings(
        MINDWAVE={"STREAMING": {"RECONNECT_GRACE": 0}, "CHAT": {"CHECKPOINT_INTERVAL": 0.01}}
    )
    async def test_nor_does_it_run_on_for_nobody(self) -> None:
        response = self.respond("Half", Gate())
        await anext(aiter(response))
        response.close()
        assert (await self.end()).reason is CancelReason.NO_READER
