"""Which calls are in the ledger, what it says about them, and what erasing leaves."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from typing import Any
from unittest import mock

from django.db import OperationalError
from django.db.models.functions import Now
from django.test import TestCase, override_settings
from django.utils import timezone

from mindwave_django import ledger, llm
from mindwave_django.api import _call
from mindwave_django.events import CancelReason, Finished, Usage
from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.models import ChatMessage, MessageState, ProviderCall
from mindwave_django.recorder import interrupt_stale
from mindwave_django.signals import stream_completed
from mindwave_django.streaming import ledger as writing
from mindwave_django.streaming.generation import Generation
from mindwave_django.testing import Gate, fake_driver
from mindwave_django.usage.days import DAY
from tests.chat.asking import WithChat
from tests.clients import WithAsyncClient
from tests.management.rows import answer, conversation, question
from tests.usage.calls import call

PRICING = {"fake-*": {"input": 1, "cached_input": 0, "output": 2}}
OPEN = {"CHAT": {"ACCESS": "mindwave_django.access.anyone"}, "PRICING": PRICING}
RECORDED = {"TRACING": {"RECORD": True}, "PRICING": PRICING}
WHOLE = Finished("stop", Usage(1000, 500, 400, 200), "fake-2", "resp-1")


def the_call() -> ProviderCall:
    return ProviderCall.objects.get()


@override_settings(MINDWAVE=OPEN)
class ChatTests(WithChat, TestCase):
    def test_everything_that_is_known(self) -> None:
        with fake_driver("Hello", WHOLE):
            posted = self.post().json
            self.read(posted)
        row, message = the_call(), ChatMessage.objects.get(pk=posted["message"]["id"])
        assert row.pk == message.pk
        assert row.owner == message.owner != ""
        said = (row.driver, row.provider, row.model, row.outcome, row.error_code)
        assert said == ("default", "fake", "fake-2", "completed", "")
        assert (row.input_tokens, row.output_tokens) == (1000, 500)
        assert (row.cached_input_tokens, row.reasoning_tokens) == (400, 200)
        assert (row.usage_source, row.cost) == ("reported", Decimal("0.0016"))
        assert row.time_to_first_token is not None
        assert 0 <= row.time_to_first_token < 60
        assert row.started_at <= row.ended_at <= timezone.now()

    def test_each_time_a_model_is_asked_counts(self) -> None:
        with fake_driver("Hello"):
            posted = self.post().json
            self.read(posted)
            again = self.message(posted, "regenerate").json
            self.read(again)
            self.read(again)  # from the row: nobody is asked
        assert ProviderCall.objects.count() == 2

    def test_failure(self) -> None:
        with fake_driver("Hel", ProviderUnavailable()):
            self.read(self.post().json)
        row = the_call()
        assert (row.outcome, row.error_code) == ("failed", "provider_unavailable")
        assert row.output_tokens is not None  # what came was counted here

    def test_nothing_is_known_of_a_call_that_was_refused(self) -> None:
        with fake_driver(ProviderUnavailable()):
            self.read(self.post().json)
        row = the_call()
        known = (row.input_tokens, row.output_tokens, row.cost, row.time_to_first_token)
        assert known == (None, None, None, None)
        assert row.usage_source == ""

    def test_answer_that_nobody_read_was_no_call(self) -> None:
        self.post()
        assert not ProviderCall.objects.exists()


class AsyncChatTests(WithAsyncClient, ChatTests):
    pass


class WithoutTheChatTests(TestCase):
    def ask(self, **settings: Any) -> None:
        with override_settings(MINDWAVE=settings), fake_driver("Hello", WHOLE):
            llm().generate("Hi")

    def test_only_if_asked_for(self) -> None:
        self.ask()
        assert not ProviderCall.objects.exists()
        self.ask(**RECORDED)
        assert the_call().owner == ""

    def test_written_before_the_signal(self) -> None:
        heard = []

        def receiver(event: Any, **kwargs: Any) -> None:
            heard.append(ProviderCall.objects.get().pk.hex == event.stream_id)

        stream_completed.connect(receiver)
        self.addCleanup(stream_completed.disconnect, receiver)
        self.ask(**RECORDED)
        assert heard == [True]

    @override_settings(MINDWAVE=RECORDED)
    async def test_cancelled(self) -> None:
        with fake_driver("Hel", Gate()):
            generation = Generation(_call("Hi", None, {}, None).on_behalf_of("u:7", None))
            generation.start()
            while not generation.answer.size:
                await asyncio.sleep(0)
            generation.cancel(CancelReason.USER)
            await generation.ended.wait()
        row = await ProviderCall.objects.aget()
        assert (row.outcome, row.error_code, row.owner) == ("cancelled", "", "u:7")


@override_settings(MINDWAVE=RECORDED)
class DatabaseThatFailsTests(TestCase):
    def setUp(self) -> None:
        pause = mock.patch.object(writing, "PAUSE", 0)
        pause.start()
        self.addCleanup(pause.stop)

    def ask(self, *results: Any) -> tuple[str, Any]:
        with (
            fake_driver("Hello", WHOLE),
            mock.patch.object(ledger, "add_call", side_effect=results) as add,
            self.assertLogs("mindwave_django", "WARNING") as logs,
        ):
            assert llm().generate("Hi").text == "Hello"
        assert add.call_count == len(results)
        return logs.output[-1], add

    def test_is_asked_again(self) -> None:
        said, _ = self.ask(OperationalError("secret"), None)
        assert "is not in the ledger yet" in said

    def test_is_given_up(self) -> None:
        said, _ = self.ask(*[OperationalError("secret")] * 3)
        assert "is missing in the ledger: OperationalError" in said
        assert "secret" not in said

    def test_is_not_waited_for(self) -> None:
        gate = asyncio.Event()

        async def hang(*args: Any) -> None:
            await gate.wait()

        with (
            fake_driver("Hello", WHOLE),
            mock.patch.object(writing, "LIMIT", 0.01),
            mock.patch.object(writing, "_write_down", hang),
            self.assertLogs("mindwave_django", "ERROR") as logs,
        ):
            assert llm().generate("Hi").text == "Hello"
        assert "is missing in the ledger: TimeoutError" in logs.output[0]

    def test_readers_are_told_of_the_end_before(self) -> None:
        ends = []

        async def look(call: Any, ended: Any, worker: Any) -> None:
            from mindwave_django.streaming.log import current_log

            found = await current_log().open(ended.stream_id)
            assert found is not None
            ends.append(found.ended)

        with fake_driver("Hello", WHOLE), mock.patch.object(writing, "_write_down", look):
            llm().generate("Hi")
        assert [end and end.outcome for end in ends] == ["completed"]

    def test_same_call_twice(self) -> None:
        ends: list[Any] = []

        def twice(ended: Any, provider: str, **kwargs: Any) -> None:
            for _ in range(2):
                add_call(ended, provider, **kwargs)
            ends.append(ended)

        add_call = ledger.add_call
        with mock.patch.object(ledger, "add_call", twice), fake_driver("Hello", WHOLE):
            llm().generate("Hi")
        assert the_call().pk.hex == ends[0].stream_id


class ProcessThatIsGoneTests(TestCase):
    def stale(self, **fields: Any) -> ChatMessage:
        fields = {"state": MessageState.STREAMING, "started_at": timezone.now()} | fields
        made = answer(question(conversation("u:5")), **fields)
        ChatMessage.objects.filter(pk=made.pk).update(checkpoint_at=Now() - 9 * DAY)
        return made

    def test_its_call_is_in_the_ledger(self) -> None:
        made = self.stale(driver="default", options={"model": "m-1"})
        assert interrupt_stale(ChatMessage.objects.all()) == 1
        row = the_call()
        assert (row.pk, row.owner, row.model) == (made.pk, "u:5", "m-1")
        assert (row.outcome, row.error_code, row.cost) == ("failed", "interrupted", None)

    def test_driver_that_is_no_more(self) -> None:
        self.stale(driver="gone")
        assert interrupt_stale(ChatMessage.objects.all()) == 1
        assert (the_call().driver, the_call().model) == ("gone", "")

    def test_it_was_only_slow(self) -> None:
        made = self.stale()
        call(id=made.pk, cost=Decimal(1))
        interrupt_stale(ChatMessage.objects.all())
        assert the_call().cost == 1

    def test_others_are_left_alone(self) -> None:
        answer(question(conversation()), state=MessageState.STREAMING, checkpoint_at=Now())
        assert interrupt_stale(ChatMessage.objects.all()) == 0
        assert not ProviderCall.objects.exists()


class ClockTests(TestCase):
    def test_clock_that_is_set_back(self) -> None:
        times = iter([1000.0, 990.0])

        def clock() -> float:
            return next(times, 995.0)

        with (
            override_settings(MINDWAVE=RECORDED),
            fake_driver("Hello"),
            mock.patch.object(time, "time", clock),
        ):
            llm().generate("Hi")
        assert the_call().time_to_first_token == 0
