"""What calls cost: own prices, public ones, and what nobody knows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from unittest import mock

from django.test import SimpleTestCase, TestCase, override_settings

from mindwave_django import llm, pricing
from mindwave_django.drivers.openai import OpenAIDriver
from mindwave_django.events import Finished, Usage
from mindwave_django.models import ChatMessage
from mindwave_django.pricing import acost_of, price_of
from mindwave_django.signals import stream_completed
from mindwave_django.testing import FakeDriver, fake_driver
from tests.chat.asking import WithChat
from tests.clients import WithAsyncClient

PRICING = {
    "gpt-4.1-mini*": {"input": "0.40", "cached_input": "0.10", "output": "1.60"},
    "by-the-thousand": {"input": 0.0004, "output": 0.0016, "per": 1000},
    "gpt-*": {"input": 2, "output": Decimal(8)},
    "free": {"input": 0, "output": 0},
}
OPEN = {"CHAT": {"ACCESS": "mindwave_django.access.anyone"}, "PRICING": PRICING}


@override_settings(MINDWAVE={"PRICING": PRICING})
class OwnPriceTests(SimpleTestCase):
    async def cost(self, model: str, usage: Usage | None) -> Decimal | None:
        return await acost_of(usage, model, FakeDriver())

    async def test_cached_and_reasoning_tokens(self) -> None:
        usage = Usage(1000, 500, cached_input_tokens=400, reasoning_tokens=200)
        # 600 for 0.40, 400 for 0.10, 500 for 1.60 a million
        assert await self.cost("gpt-4.1-mini", usage) == Decimal("0.00108")

    async def test_price_for_a_thousand(self) -> None:
        assert await self.cost("by-the-thousand", Usage(1000, 500)) == Decimal("0.0012")

    async def test_first_pattern_that_fits(self) -> None:
        assert await self.cost("gpt-4.1-mini-2025", Usage(1_000_000, 0)) == Decimal("0.4")
        assert await self.cost("gpt-5", Usage(1_000_000, 0)) == Decimal(2)
        assert price_of("llama3.2") is None

    async def test_cached_tokens_without_a_price_of_their_own(self) -> None:
        usage = Usage(1_000_000, 0, cached_input_tokens=1_000_000)
        assert await self.cost("gpt-5", usage) == Decimal(2)

    async def test_more_cached_tokens_than_there_are(self) -> None:
        usage = Usage(100, 0, cached_input_tokens=200)
        assert await self.cost("gpt-4.1-mini", usage) == Decimal("0.00001")

    async def test_what_costs_nothing_is_not_unknown(self) -> None:
        assert await self.cost("free", Usage(1000, 500)) == 0

    async def test_unknown_numbers_have_no_cost(self) -> None:
        for usage in (None, Usage(), Usage(input_tokens=5), Usage(output_tokens=5)):
            assert await self.cost("gpt-5", usage) is None

    async def test_smallest_amount_that_is_kept(self) -> None:
        assert await self.cost("gpt-4.1-mini", Usage(0, 1)) == Decimal("0.0000016")
        assert await self.cost("gpt-4.1-mini", Usage(1, 0, 1)) == Decimal("0.0000001")


@override_settings(MINDWAVE={})
class PublicPriceTests(SimpleTestCase):
    async def cost(self, driver: Any = None, model: str = "gpt-4.1-mini") -> Decimal | None:
        return await acost_of(Usage(1000, 100, 200), model, driver or OpenAIDriver())

    async def test_model_of_openai(self) -> None:
        cost = await self.cost()
        assert cost is not None
        assert Decimal("0.0001") < cost < Decimal("0.01")

    async def test_server_that_nobody_knows(self) -> None:
        assert await self.cost(OpenAIDriver(base_url="http://127.0.0.1:11434/v1")) is None

    async def test_model_that_nobody_knows(self) -> None:
        assert await self.cost(model="mine") is None

    async def test_own_price_comes_first(self) -> None:
        with override_settings(MINDWAVE={"PRICING": {"gpt-*": {"input": 0, "output": 0}}}):
            assert await self.cost() == 0

    async def test_not_installed(self) -> None:
        with mock.patch.object(pricing, "_has_public_prices", return_value=False):
            assert await self.cost() is None

    async def test_failure_costs_no_answer(self) -> None:
        with (
            mock.patch.object(pricing, "public_cost", side_effect=RuntimeError),
            self.assertLogs("mindwave_django", "WARNING"),
        ):
            assert await self.cost() is None


@override_settings(MINDWAVE=OPEN)
class WhereItGoesTests(WithChat, TestCase):
    REPLY = ("Hello", Finished("stop", Usage(1000, 500, 400, 200), "gpt-4.1-mini-2025"))

    def test_message_and_end_of_the_stream(self) -> None:
        with fake_driver(*self.REPLY):
            posted = self.post().json
            read = self.ask(f"{posted['stream']}?details=1")
        row = ChatMessage.objects.get(pk=posted["message"]["id"])
        assert row.cost == Decimal("0.00108")
        assert Decimal(str(read.events[-1].json()["cost"])) == Decimal("0.00108")

    def test_nobody_knows(self) -> None:
        with fake_driver("Hello", Finished("stop", Usage(1000, 500), "mine")):
            posted = self.post().json
            read = self.ask(f"{posted['stream']}?details=1")
        assert ChatMessage.objects.get(pk=posted["message"]["id"]).cost is None
        assert read.events[-1].json()["cost"] is None

    def test_ending_signal(self) -> None:
        heard = []

        def receiver(sender: Any, event: Any, **kwargs: Any) -> None:
            heard.append(event.cost)

        stream_completed.connect(receiver)
        self.addCleanup(stream_completed.disconnect, receiver)
        with fake_driver(*self.REPLY):
            llm().generate("Hi")
        assert heard == [Decimal("0.00108")]


class AsyncWhereItGoesTests(WithAsyncClient, WhereItGoesTests):
    pass
