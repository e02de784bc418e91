"""What holds for every driver."""

from __future__ import annotations

import asyncio
from typing import Any

from django.test import SimpleTestCase

from mindwave_django.drivers import Driver
from mindwave_django.drivers.demo import DemoDriver
from mindwave_django.drivers.demo_answers import HELLO
from mindwave_django.events import Finished, ReasoningDelta, TextDelta
from mindwave_django.messages import as_messages
from mindwave_django.testing import FakeDriver
from tests.drivers.asking import KEY, ask, ending, joined, openai_driver
from tests.support.aimock import AIMock, aimock
from tests.support.upstream import Upstream, finish, text

PIECES = ("Hello", ", ", "world 🌍", "\n\nBye")


class DriverContract:
    """The tests; a subclass makes the driver and says what it answers to "hello"."""

    answer = "".join(PIECES)

    def make(self) -> Driver:
        raise NotImplementedError

    async def test_deltas_then_one_finished(self) -> None:
        events = await ask(self.make(), "hello")
        assert isinstance(ending(events), Finished)
        assert len(events) > 2
        assert all(isinstance(event, TextDelta | ReasoningDelta) for event in events[:-1])
        assert all(event.text for event in events[:-1])

    async def test_text_is_whole(self) -> None:
        assert joined(await ask(self.make(), "hello")) == self.answer

    async def test_finish_reason_and_model(self) -> None:
        finished = ending(await ask(self.make(), "hello"))
        assert finished.reason == "stop"
        assert finished.model

    async def test_asked_again_it_answers_again(self) -> None:
        driver = self.make()
        assert [joined(await ask(driver, "hello")) for _ in range(3)] == [self.answer] * 3

    async def test_asked_several_times_at_once(self) -> None:
        driver = self.make()
        answers = await asyncio.gather(*(ask(driver, "hello") for _ in range(5)))
        assert [joined(events) for events in answers] == [self.answer] * 5

    async def test_closing_early_is_clean(self) -> None:
        driver = self.make()
        events: Any = driver.stream(as_messages("hello"))
        assert isinstance(await anext(events), TextDelta)
        await events.aclose()
        assert [event async for event in events] == []
        assert joined(await ask(driver, "hello")) == self.answer

    async def test_closing_before_the_start_is_clean(self) -> None:
        driver = self.make()
        events: Any = driver.stream(as_messages("hello"))
        await events.aclose()
        assert [event async for event in events] == []

    async def test_cancelled_while_it_answers(self) -> None:
        driver = self.make()

        async def read_one_and_wait() -> None:
            async for _ in driver.stream(as_messages("hello")):
                first.set()
                await asyncio.Event().wait()

        first = asyncio.Event()
        task = asyncio.create_task(read_one_and_wait())
        await asyncio.wait_for(first.wait(), 10)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        assert joined(await ask(driver, "hello")) == self.answer

    def test_two_event_loops_one_after_the_other(self) -> None:
        driver = self.make()
        for _ in range(2):
            assert joined(asyncio.run(ask(driver, "hello"))) == self.answer

    async def test_takes_messages_and_model(self) -> None:
        talk = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What?"},
            {"role": "assistant", "content": "Yes."},
            {"role": "user", "content": "hello"},
        ]
        driver = self.make()
        driver.require_options(["model", "temperature", "max_tokens"])
        assert joined(await ask(driver, talk, model="some-model")) == self.answer

    async def test_warm_needs_nobody(self) -> None:
        driver = self.make()
        await driver.warm()
        assert joined(await ask(driver, "hello")) == self.answer

    def test_describes_itself_without_secrets(self) -> None:
        driver = self.make()
        assert repr(driver) == f"<{type(driver).__name__} 'default'>"
        assert KEY not in repr(driver)
        assert driver.provider_name
        assert driver.supports_streaming is True
        assert list(driver.check("there")) == []


class OpenAIContractTests(DriverContract, SimpleTestCase):
    def setUp(self) -> None:
        self.upstream = self.enterContext(Upstream())
        self.upstream.serve(*map(text, PIECES), finish())

    def make(self) -> Driver:
        return openai_driver(self.upstream.url)


class OpenAIOnAIMockContractTests(DriverContract, SimpleTestCase):
    server: AIMock

    @classmethod
    def setUpClass(cls) -> None:
        hello = {"match": {"userMessage": "hello"}, "response": {"content": cls.answer}}
        cls.server = cls.enterClassContext(aimock(hello | {"chunkSize": 5}))
        super().setUpClass()

    def make(self) -> Driver:
        return openai_driver(self.server.url)


class DemoContractTests(DriverContract, SimpleTestCase):
    answer = HELLO

    def make(self) -> Driver:
        return DemoDriver(tokens_per_second=0, delay=0)


class FakeContractTests(DriverContract, SimpleTestCase):
    def make(self) -> Driver:
        return FakeDriver(replies=[PIECES])
