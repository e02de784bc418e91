"""The fake driver, its gates, and how it takes a driver's place."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from typing import Any

from django.conf import settings
from django.test import SimpleTestCase, override_settings

from mindwave_django.drivers import drivers
from mindwave_django.events import Finished, ReasoningDelta, TextDelta
from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.messages import Message, Role, as_messages
from mindwave_django.testing import FakeDriver, Gate, fake_driver
from tests.recording import LIMIT, until

HI = as_messages("Hi")


class OtherDriver(FakeDriver):
    supports_streaming = False


async def events_of(driver: FakeDriver, **options: Any) -> list[Any]:
    return [event async for event in driver.stream(HI, **options)]


class FakeDriverTests(SimpleTestCase):
    async def test_texts_become_deltas_and_an_end_is_added(self) -> None:
        driver = FakeDriver(replies=[("a", "b")])
        assert await events_of(driver) == [
            TextDelta("a"),
            TextDelta("b"),
            Finished(model="fake-model"),
        ]

    async def test_events_are_given_as_they_are(self) -> None:
        steps = (ReasoningDelta("Hm."), TextDelta("a"), Finished("length"))
        assert await events_of(FakeDriver(replies=[steps])) == list(steps)

    async def test_text_as_a_reply(self) -> None:
        assert (await events_of(FakeDriver(replies=["Hello"])))[0] == TextDelta("Hello")

    async def test_no_reply_at_all(self) -> None:
        assert await events_of(FakeDriver(model="m")) == [Finished(model="m")]

    async def test_error(self) -> None:
        driver = FakeDriver(replies=[("a", ProviderUnavailable("now"))])
        given = []
        with self.assertRaisesMessage(ProviderUnavailable, "now"):
            async for event in driver.stream(HI):
                given.append(event)  # noqa: PERF401  # what came before the error counts
        assert given == [TextDelta("a")]
        assert driver.closed == 1

    async def test_replies_follow_each_other_and_the_last_stays(self) -> None:
        driver = FakeDriver(replies=["one"])
        driver.reply("two")
        texts = [(await events_of(driver))[0].text for _ in range(3)]
        assert texts == ["one", "two", "two"]

    async def test_calls_are_remembered(self) -> None:
        driver = FakeDriver(replies=["a"])
        await events_of(driver, temperature=0)
        await events_of(driver)
        assert driver.calls == [
            ((Message(Role.USER, "Hi"),), {"temperature": 0}),
            ((Message(Role.USER, "Hi"),), {}),
        ]

    async def test_closed_counts_replies_that_were_let_go(self) -> None:
        driver = FakeDriver(replies=[("a", "b")])
        await events_of(driver)
        assert driver.closed == 1
        async with aclosing(driver.stream(HI)) as events:
            await anext(events)
            assert driver.closed == 1
        assert driver.closed == 2


class GateTests(SimpleTestCase):
    async def test_holds_until_it_is_open(self) -> None:
        gate = Gate()
        waiting = asyncio.create_task(gate.wait())
        await until(gate.reached.is_set)
        assert not waiting.done()
        gate.open()
        await asyncio.wait_for(waiting, LIMIT)

    async def test_open_gate_lets_through_now_and_later(self) -> None:
        gate = Gate()
        gate.open()
        gate.open()
        for _ in range(2):
            await asyncio.wait_for(gate.wait(), LIMIT)
        assert not gate.reached.is_set()

    async def test_everybody_passes_at_once(self) -> None:
        gate = Gate()
        waiting = [asyncio.create_task(gate.wait()) for _ in range(3)]
        await until(lambda: len(gate._waiting) == 3)
        gate.open()
        await asyncio.wait_for(asyncio.gather(*waiting), LIMIT)

    def test_across_threads_and_loops(self) -> None:
        gate, passed = Gate(), []

        def wait(number: int) -> None:
            asyncio.run(gate.wait())
            passed.append(number)

        threads = [threading.Thread(target=wait, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        assert gate.reached.wait(LIMIT)
        assert passed == []
        gate.open()
        for thread in threads:
            thread.join(LIMIT)
        assert sorted(passed) == [0, 1]

    def test_loop_that_is_gone_is_no_hindrance(self) -> None:
        gate = Gate()

        async def leave() -> None:
            waiting = asyncio.create_task(gate.wait())
            await until(gate.reached.is_set)
            waiting.cancel()

        asyncio.run(leave())
        gate.open()
        asyncio.run(asyncio.wait_for(gate.wait(), LIMIT))

    async def test_driver_waits_at_a_gate(self) -> None:
        gate = Gate()
        events = FakeDriver(replies=[("a", gate, "b")]).stream(HI)
        assert await anext(events) == TextDelta("a")
        rest = asyncio.ensure_future(anext(events))
        await until(gate.reached.is_set)
        assert not rest.done()
        gate.open()
        assert await asyncio.wait_for(rest, LIMIT) == TextDelta("b")
        await events.aclose()


class FakeDriverContextTests(SimpleTestCase):
    async def test_takes_the_place_of_the_default(self) -> None:
        before = drivers["default"]
        with fake_driver("a") as driver:
            assert drivers["default"] is driver
            assert (await events_of(driver))[0] == TextDelta("a")
        assert type(drivers["default"]) is type(before)
        assert not isinstance(drivers["default"], FakeDriver)

    def test_other_alias_and_other_settings_stay(self) -> None:
        with override_settings(MINDWAVE={"CHAT": {"MAX_TOKENS": 7}}):
            with fake_driver("a", alias="local") as driver:
                assert driver.alias == "local"
                assert settings.MINDWAVE["CHAT"] == {"MAX_TOKENS": 7}
            assert settings.MINDWAVE == {"CHAT": {"MAX_TOKENS": 7}}

    def test_two_at_once(self) -> None:
        with fake_driver("a") as first:
            with fake_driver("b", alias="local") as second:
                assert drivers["local"] is second
                assert drivers["default"] is first
            assert drivers["default"] is first

    def test_own_class(self) -> None:
        with fake_driver("a", backend=OtherDriver) as driver:
            assert isinstance(driver, OtherDriver)

    def test_without_settings(self) -> None:
        with override_settings():
            del settings.MINDWAVE
            with fake_driver("a") as driver:
                assert drivers["default"] is driver

    def test_place_is_given_back_after_an_error(self) -> None:
        with self.assertRaises(ZeroDivisionError), fake_driver("a"):
            raise ZeroDivisionError
        assert not isinstance(drivers["default"], FakeDriver)
