"""`concurrent_streams`: slots are held while streams run, freed on every ending, and expire."""

from __future__ import annotations

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any
from unittest import mock

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory, SimpleTestCase, override_settings

from mindwave_django import llm, slots, stream
from mindwave_django.decorators import concurrent_streams, stream_ratelimit
from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.slots import acquire, keeper
from mindwave_django.streaming.capacity import capacity
from mindwave_django.testing import Gate, fake_driver
from tests.limits.calling import (
    USER,
    call,
    counted,
    wait_until_no_slots,
    wait_until_nothing_streams,
)
from tests.servers.base import eventually

NAME = "tests:ip:127.0.0.1"


@concurrent_streams(1, key="ip", group="tests")
async def chat(request: HttpRequest) -> Any:
    return stream("Hi").response(request)


@concurrent_streams(1, key="ip", group="tests")
def sync_chat(request: HttpRequest) -> Any:
    return stream("Hi").response(request)


@concurrent_streams(1, key="ip", group="tests")
async def own_response(request: HttpRequest) -> Any:
    return StreamingHttpResponse(llm().astream("Hi"))


@concurrent_streams(1, key="ip", group="tests")
async def breaks(request: HttpRequest) -> Any:
    raise LookupError


@concurrent_streams(1, key="ip", group="tests")
@stream_ratelimit("0/d", key="ip")
async def refused_inside(request: HttpRequest) -> Any:
    raise NotImplementedError


def is_free() -> bool:
    return cache.get(slots._key(NAME, 0)) is None


@counted
class SlotTestCase(SimpleTestCase):
    def setUp(self) -> None:
        cache.clear()
        wait_until_no_slots()
        self.addCleanup(wait_until_no_slots)

    def assert_free(self) -> None:
        eventually(is_free)


class EndingTests(SlotTestCase):
    def test_slot_is_free_after_every_ending(self) -> None:
        for view in (chat, sync_chat, own_response):
            with self.subTest(view.__name__), fake_driver("Hello"):
                assert call(view).status_code == 200
                self.assert_free()

    def test_failure_of_the_provider(self) -> None:
        for view in (chat, sync_chat):
            with self.subTest(view.__name__), fake_driver(ProviderUnavailable()):
                call(view)
                self.assert_free()

    def test_failure_of_the_view(self) -> None:
        with self.assertRaises(LookupError):
            call(breaks)
        self.assert_free()

    def test_refusal_further_inside(self) -> None:
        assert call(refused_inside).status_code == 429
        self.assert_free()

    def test_response_that_is_closed_unread(self) -> None:
        with fake_driver("Hello") as driver:
            response = sync_chat(RequestFactory().get("/"))
            assert not is_free()
            response.close()
            self.assert_free()
            assert driver.calls == []

    def test_response_that_is_forgotten(self) -> None:
        response = sync_chat(RequestFactory().get("/"))
        del response
        gc.collect()
        eventually(lambda: not keeper._held)  # and so nobody renews it

    @override_settings(MINDWAVE={"STREAMING": {"RECONNECT_GRACE": 0}})
    def test_reader_who_leaves(self) -> None:
        async def leave() -> None:
            response = await chat(RequestFactory().get("/"))
            parts = aiter(response)
            await anext(parts)
            response.close()
            await parts.aclose()
            await asyncio.to_thread(self.assert_free)

        with fake_driver("Hello", Gate()):
            asyncio.run(leave())


class HoldingTests(SlotTestCase):
    async def test_stream_holds_its_slot_while_its_reader_is_away(self) -> None:
        gate = Gate()
        with fake_driver("Hel", gate, "lo"):
            response = await chat(RequestFactory().get("/"))
            parts = aiter(response)
            await anext(parts)
            response.close()
            await parts.aclose()
            refused = await chat(RequestFactory().get("/"))
            assert refused.status_code == 429
            assert not await asyncio.to_thread(is_free)
            gate.open()
            while capacity.running:
                await asyncio.sleep(0)
            await asyncio.to_thread(self.assert_free)

    def test_what_is_said(self) -> None:
        slot = acquire(NAME, 1)
        assert slot is not None
        refused = call(chat)
        assert refused.status_code == 429
        assert refused.json == {
            "error": "Several answers are being written for you already.",
            "code": "too_many_streams",
            "retry_after": 5,
        }
        slot.release()
        self.assert_free()

    def test_resuming_needs_no_slot(self) -> None:
        slot = acquire(NAME, 1)
        assert slot is not None
        assert call(chat, headers={"last-event-id": "abc:end"}).status_code == 204
        slot.release()

    def test_others_have_slots_of_their_own(self) -> None:
        @concurrent_streams(1)
        def page(request: HttpRequest) -> HttpResponse:
            inside.append(call(other, user=USER).status_code)
            inside.append(call(other, REMOTE_ADDR="1.1.1.1").status_code)
            inside.append(call(other).status_code)
            return HttpResponse()

        @concurrent_streams(1, group=f"{__name__}.{page.__qualname__}")
        def other(request: HttpRequest) -> HttpResponse:
            return HttpResponse()

        inside: list[int] = []
        call(page)
        assert inside == [200, 200, 429]

    def test_as_many_as_the_limit(self) -> None:
        held = [acquire(NAME, 3) for _ in range(4)]
        assert [slot is not None for slot in held] == [True, True, True, False]
        held[1].release()  # type: ignore[union-attr]
        eventually(lambda: held.append(acquire(NAME, 3)) or held[-1] is not None)
        for slot in held:
            if slot is not None:
                slot.release()

    def test_limit_that_makes_no_sense(self) -> None:
        with self.assertRaisesMessage(ValueError, "limit should be at least 1, got 0."):
            concurrent_streams(0)


class LeaseTests(SlotTestCase):
    def test_held_slots_are_renewed(self) -> None:
        slot = acquire(NAME, 1)
        assert slot is not None
        cache.delete(slot.key)  # as when a lease is over, or the cache was emptied
        keeper._renew()
        assert not is_free()
        slot.release()
        self.assert_free()

    def test_slot_that_became_somebody_elses_is_left_alone(self) -> None:
        slot = acquire(NAME, 1)
        assert slot is not None
        cache.set(slot.key, "somebody else's", slots.LEASE)
        keeper._renew()
        slot.release()
        eventually(keeper._released.empty)
        assert cache.get(slot.key) == "somebody else's"

    def test_slot_that_is_being_freed(self) -> None:
        held = [acquire(NAME, 2) for _ in range(2)]
        frees, go, free = threading.Event(), threading.Event(), keeper._free

        def gated(slot: slots.Slot) -> None:
            frees.set()
            assert go.wait(10)
            free(slot)

        with mock.patch.object(keeper, "_free", gated), ThreadPoolExecutor() as pool:
            assert held[0] is not None
            held[0].release()
            assert frees.wait(10)
            asking = pool.submit(acquire, NAME, 2)
            early, _ = wait([asking], 0.1)
            go.set()
            found = asking.result()
        assert not early
        assert found is not None
        assert found.key == held[0].key

    def test_nobody_refers_to_it_any_more(self) -> None:
        assert acquire(NAME, 1) is not None
        gc.collect()
        assert not keeper._held
        keeper._renew()
        assert not is_free()  # until the lease is over


class CapacityTests(SlotTestCase):
    def setUp(self) -> None:
        super().setUp()
        wait_until_nothing_streams()

    @override_settings(MINDWAVE={"STREAMING": {"MAX_STREAMS": 2}})
    def test_process_takes_as_many_as_it_may(self) -> None:
        held = [stream("Hi").response(RequestFactory().get("/")) for _ in range(2)]
        refused = stream("Hi").response(RequestFactory().get("/"))
        assert refused.status_code == 503
        assert 2 <= int(refused["Retry-After"]) <= 10
        assert b'"code": "overloaded"' in refused.content
        resumed = stream("Hi").response(RequestFactory().get("/?last_event_id=abc:5"))
        assert resumed.status_code == 200
        held.clear()
        gc.collect()
        assert stream("Hi").response(RequestFactory().get("/")).status_code == 200

    @override_settings(MINDWAVE={"STREAMING": {"MAX_STREAMS": 1}})
    def test_every_answer_counts_until_its_end(self) -> None:
        gate = Gate()

        async def read() -> None:
            parts = aiter(stream("Hi").response(RequestFactory().get("/")))
            await anext(parts)
            assert stream("Hi").response(RequestFactory().get("/")).status_code == 503
            gate.open()
            assert [part async for part in parts]

        with fake_driver("Hel", gate, "lo"):
            asyncio.run(read())
            assert len(capacity) == 0
