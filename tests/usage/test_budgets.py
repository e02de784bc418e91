"""Budgets: what the ledger says refuses the next call, and ends one that goes on too long."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.test import RequestFactory, TestCase, TransactionTestCase, override_settings
from django.utils import timezone

from mindwave_django import stream
from mindwave_django.budgets import payer_of
from mindwave_django.decorators import cost_budget, token_budget
from mindwave_django.events import Finished, Usage
from mindwave_django.models import ProviderCall
from mindwave_django.streaming.progress import PROGRESS_INTERVAL
from mindwave_django.testing import Gate, fake_driver
from tests.asking import BOTH
from tests.chat.asking import WithChat
from tests.clients import WithAsyncClient
from tests.limits.calling import USER, call

PRICING = {"fake-*": {"input": 0, "output": 1_000_000}}  # a token costs 1
PRICED = override_settings(MINDWAVE={"PRICING": PRICING})
TEN = Finished("stop", Usage(4, 6), "fake-model")


@token_budget("15/d")
async def chat(request: HttpRequest) -> Any:
    return stream("Hi").response(request)


@token_budget("15/d")
def sync_chat(request: HttpRequest) -> Any:
    return stream("Hi").response(request)


@cost_budget("15.00/d")
async def paid(request: HttpRequest) -> Any:
    return stream("Hi").response(request)


@cost_budget("0.01/d")
async def cent(request: HttpRequest) -> Any:
    return stream("Hi").response(request)


def row(owner: str, tokens: int, age: timedelta = timedelta(0), cost: Any = None) -> None:
    now = timezone.now() - age
    ProviderCall.objects.create(
        id=uuid4(),
        owner=owner,
        driver="default",
        outcome="completed",
        input_tokens=0,
        output_tokens=tokens,
        cost=cost,
        started_at=now,
        ended_at=now,
    )


class RefusingTests(TestCase):
    def statuses(self, view: Any, times: int, **made: Any) -> list[int]:
        return [call(view, **made).status_code for _ in range(times)]

    def test_until_the_budget_is_spent(self) -> None:
        for view in (chat, sync_chat):
            ProviderCall.objects.all().delete()
            with self.subTest(view.__name__), fake_driver("Hello", TEN) as driver:
                assert self.statuses(view, 4) == [200, 200, 429, 429]
                assert len(driver.calls) == 2
                assert ProviderCall.objects.count() == 2

    def test_what_is_said(self) -> None:
        row(payer_of(RequestFactory().get("/")), 15)
        refused = call(chat)
        assert refused.status_code == 429
        assert refused.json == {
            "error": "Your budget for now is used up. Please try again later.",
            "code": "budget_exceeded",
        }

    def test_only_what_was_spent_lately_counts(self) -> None:
        owner = payer_of(RequestFactory().get("/"))
        row(owner, 15, timedelta(hours=25))
        with fake_driver("Hello", TEN):
            assert self.statuses(chat, 1) == [200]
        row(owner, 15, timedelta(hours=23))
        assert self.statuses(chat, 1) == [429]

    def test_everybody_has_their_own(self) -> None:
        row("u:7", 15)
        with fake_driver("Hello", TEN):
            assert self.statuses(chat, 1, user=USER) == [429]
            assert self.statuses(chat, 1) == [200]
            assert self.statuses(chat, 1, REMOTE_ADDR="8.8.8.8") == [200]

    def test_addresses_are_not_kept(self) -> None:
        with fake_driver("Hello", TEN):
            call(chat, REMOTE_ADDR="8.8.8.8")
        owner = ProviderCall.objects.get().owner
        assert owner.startswith("a:")
        assert "8.8.8.8" not in owner

    def test_resuming_is_free(self) -> None:
        row(payer_of(RequestFactory().get("/")), 15)
        assert call(chat, headers={"last-event-id": "abc:end"}).status_code == 204

    def test_money(self) -> None:
        with PRICED, fake_driver("Hello", TEN) as driver:
            assert self.statuses(paid, 4) == [200, 200, 200, 429]
            assert len(driver.calls) == 3
            assert [c.cost for c in ProviderCall.objects.all()] == [Decimal(6)] * 3

    def test_model_whose_price_nobody_knows(self) -> None:
        with fake_driver("Hello", TEN) as driver, self.assertLogs("mindwave_django", "ERROR"):
            response = call(paid)
        assert b"limit_unavailable" in b"".join(response.parts)
        assert driver.calls == []

    @override_settings(RATELIMIT_FAIL_OPEN=True)
    def test_it_may_pass_where_limits_fail_open(self) -> None:
        with fake_driver("Hello", TEN) as driver:
            call(paid)
        assert len(driver.calls) == 1

    def test_budgets_that_make_no_sense(self) -> None:
        for budget in ("", "15", "15/x", "-1/d", "abc", "1/0d", 15):
            for decorator in (token_budget, cost_budget):
                with self.assertRaisesMessage(ImproperlyConfigured, f"got {budget!r}"):
                    decorator(budget)
        with self.assertRaisesMessage(ImproperlyConfigured, "got '1.5/d'"):
            token_budget("1.5/d")
        token_budget("1.5k/d")
        cost_budget("0.005/2w")


class RunningTests(TransactionTestCase):
    """Answers that pass the limit while they are being written."""

    async def read(self, view: Any, **made: Any) -> bytes:
        request = RequestFactory().get("/")
        response = await view(request)
        return b"".join([part async for part in response])

    async def test_answer_ends_within_an_interval(self) -> None:
        gate = Gate()
        with fake_driver(*["word "] * 20, gate, "too much"):
            body = await asyncio.wait_for(self.read(chat), 20 * PROGRESS_INTERVAL)
        assert b'"code":"budget_exceeded"' in body
        assert body.count(b"word") == 20
        assert b"too much" not in body
        call = await ProviderCall.objects.aget()
        assert (call.outcome, call.error_code) == ("failed", "budget_exceeded")

    @PRICED
    async def test_money(self) -> None:
        with fake_driver(*["word "] * 20, Gate()):
            body = await asyncio.wait_for(self.read(paid), 20 * PROGRESS_INTERVAL)
        assert b'"code":"budget_exceeded"' in body

    @override_settings(MINDWAVE={"PRICING": {"fake-*": {"input": 0, "output": 1000}}})
    async def test_a_cent(self) -> None:
        with fake_driver(*["word "] * 11, Gate()):
            body = await asyncio.wait_for(self.read(cent), 20 * PROGRESS_INTERVAL)
        assert b'"code":"budget_exceeded"' in body
        assert body.count(b"word") == 11

    async def test_two_answers_share_it(self) -> None:
        gate = Gate()
        with fake_driver(*["word "] * 5, gate):
            both = [asyncio.create_task(self.read(chat)) for _ in range(2)]
            done = await asyncio.wait_for(asyncio.gather(*both), 20 * PROGRESS_INTERVAL)
        # Whoever ends first has used what the other one is bounded by, too.
        assert all(b"budget_exceeded" in body for body in done)

    async def test_answer_that_would_pass_it_at_once_is_not_asked_for(self) -> None:
        gate = Gate()
        with fake_driver(*["word "] * 9, gate) as driver:
            first = asyncio.create_task(self.read(chat))
            await asyncio.to_thread(gate.reached.wait)
            assert b"budget_exceeded" in await self.read(chat)
            assert len(driver.calls) == 1
            gate.open()
            assert b"complete" in await first


class ShippedTests(WithChat, TestCase):
    def budget(self, **chat_options: Any) -> override_settings:
        options = {"ACCESS": "mindwave_django.access.anyone", "RATE": None} | chat_options
        return override_settings(MINDWAVE={"CHAT": options, "PRICING": PRICING})

    def test_chat_and_plain_views(self) -> None:
        get_user_model().objects.create_user("ann")
        self._client().force_login(get_user_model().objects.get())
        for options in ({"TOKEN_BUDGET": "25/d"}, {"COST_BUDGET": "15/d"}):
            ProviderCall.objects.all().delete()
            with self.subTest(options), self.budget(**options), fake_driver("Hello", TEN):
                assert self.read(self.post().json).status == 200
                for path in BOTH:
                    assert self.ask(path, {"prompt": "Hi"}).status == 200
                for path in BOTH:
                    refused = self.ask(path, {"prompt": "Hi"})
                    assert (refused.status, refused.json["code"]) == (429, "budget_exceeded")
                assert self.post().json["code"] == "budget_exceeded"

    def test_no_budget(self) -> None:
        with self.budget(), fake_driver("Hello", TEN):
            for _ in range(3):
                assert self.ask(BOTH[0], {"prompt": "Hi"}).status == 200
        assert not ProviderCall.objects.exists()


class AsyncShippedTests(WithAsyncClient, ShippedTests):
    pass
