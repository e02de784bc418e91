"""The limits of the shipped views: one count for all of them, and what is never counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import TestCase, override_settings

from mindwave_django.models import Conversation
from mindwave_django.slots import keeper
from mindwave_django.streaming.capacity import capacity
from mindwave_django.testing import fake_driver
from tests.asking import BOTH, GENERATE, STREAM, chat
from tests.chat.asking import MESSAGES, WithChat
from tests.clients import WithAsyncClient
from tests.limits.calling import (
    counted,
    stop_windows,
    wait_until_no_slots,
    wait_until_nothing_streams,
)
from tests.servers.base import eventually

KEY = {"Idempotency-Key": "k-1"}


@counted
class LimitedTestCase(WithChat, TestCase):
    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        stop_windows(self)
        wait_until_no_slots()
        self.addCleanup(wait_until_no_slots)

    def ended(self, posted: Any) -> Any:
        self.read(posted)
        return posted


class RateTests(LimitedTestCase):
    def test_all_ways_to_ask_count_together(self) -> None:
        with chat(RATE="4/m"), fake_driver("Hello") as driver:
            posted = self.ended(self.post().json)
            assert self.message(posted, "regenerate").status == 201
            for path in BOTH:
                assert self.ask(path, {"prompt": "Hi"}).status == 200
            for path in BOTH:
                refused = self.ask(path, {"prompt": "Hi"})
                assert (refused.status, refused.json["code"]) == (429, "rate_limited")
            assert self.post().status == 429
            edit = self.message(posted, "edit", {"prompt": "x"}, pk=posted["question"]["id"])
            assert edit.status == 429
            assert len(driver.calls) == 3
        assert Conversation.objects.count() == 1

    def test_reading_stopping_and_looking_are_free(self) -> None:
        with chat(RATE="1/m"), fake_driver("Hello"):
            posted = self.post().json
            for _ in range(3):
                assert self.read(posted).status == 200
                assert self.message(posted, "cancel").status == 200
                assert self.conversation(posted)["messages"]
            assert self.post().status == 429

    def test_what_is_refused_for_another_reason_is_free(self) -> None:
        with chat(RATE="1/m"), fake_driver("Hello"):
            for _ in range(3):
                assert self.post("").status == 400
                assert self.ask(STREAM).status == 400
                assert self.ask(STREAM, {"prompt": "x"}, method="head").status == 405
                assert self.ask(STREAM, headers={"Last-Event-ID": "abc:end"}).status == 204
            assert self.post().status == 201

    def test_same_question_sent_again_is_free(self) -> None:
        with chat(RATE="1/m"), fake_driver("Hello"):
            first = self.post(headers=KEY)
            for _ in range(3):
                again = self.post(headers=KEY)
                assert (again.status, again.json["message"]["id"]) == (
                    201,
                    first.json["message"]["id"],
                )
            assert self.post().status == 429

    def test_no_limit(self) -> None:
        with chat(RATE=None, MAX_STREAMS_PER_OWNER=1), fake_driver("Hello"):
            assert {self.ask(GENERATE, {"prompt": "Hi"}).status for _ in range(20)} == {200}

    def test_refused_page_says_so_in_words(self) -> None:
        with chat(RATE="0/m"):
            headers = {"Accept": "text/html"}
            page = self.ask(MESSAGES, {"prompt": "Hi"}, method="post", headers=headers)
        assert page.status == 429
        assert b"Too many requests in a short time." in page.body


class OwnerTests(LimitedTestCase):
    def test_live_answers_of_one_person(self) -> None:
        with chat(MAX_STREAMS_PER_OWNER=2, RATE=None), fake_driver("Hello"):
            posted = [self.post().json for _ in range(2)]
            refused = self.post()
            assert (refused.status, refused.json["code"]) == (429, "too_many_streams")
            assert refused["Retry-After"] == "5"
            assert Conversation.objects.count() == 2
            self.ended(posted[0])
            assert self.post().status == 201

    def test_somebody_else(self) -> None:
        with chat(MAX_STREAMS_PER_OWNER=1, RATE=None):
            self.post()
            self._client().cookies.clear()
            assert self.post().status == 201

    def test_answer_that_ended_makes_room(self) -> None:
        with chat(MAX_STREAMS_PER_OWNER=1, RATE=None), fake_driver("Hello"):
            for _ in range(3):
                self.ended(self.post().json)

    def test_answer_that_nobody_read_makes_room_in_the_end(self) -> None:
        with chat(MAX_STREAMS_PER_OWNER=1, RATE=None, PENDING_TIMEOUT=0.001), fake_driver("Hello"):
            self.post()
            eventually(lambda: self.post().status == 201)

    def test_user(self) -> None:
        user = get_user_model().objects.create_user("ann")
        self._client().force_login(user)
        with chat(MAX_STREAMS_PER_OWNER=1, RATE=None), fake_driver("Hello"):
            assert self.post().status == 201
            assert self.post().status == 429

    def test_answers_that_are_not_kept(self) -> None:
        with chat(MAX_STREAMS_PER_OWNER=1, RATE=None), fake_driver("Hello") as driver:
            for path in (*BOTH, *BOTH):
                eventually(lambda: not keeper._held)
                eventually(lambda path=path: self.ask(path, {"prompt": "Hi"}).status == 200)
            assert len(driver.calls) == 4


class ProcessTests(LimitedTestCase):
    def setUp(self) -> None:
        super().setUp()
        wait_until_nothing_streams()

    def test_process_that_is_full(self) -> None:
        with fake_driver("Hello") as driver:
            posted = self.post().json
            with override_settings(
                MINDWAVE={
                    "CHAT": {"ACCESS": "mindwave_django.access.anyone", "RATE": "1/m"},
                    "STREAMING": {"MAX_STREAMS": 1},
                }
            ):
                with self.filled():
                    for refused in (self.post(), self.read(posted), *map(self.ask_hi, BOTH)):
                        assert (refused.status, refused.json["code"]) == (503, "overloaded")
                        assert 2 <= int(refused["Retry-After"]) <= 10
                    assert driver.calls == []
                assert self.post().status == 201  # it was not counted
                assert self.read(posted).status == 200

    def ask_hi(self, path: str) -> Any:
        return self.ask(path, {"prompt": "Hi"})

    @contextmanager
    def filled(self) -> Iterator[None]:
        capacity.add(self)
        try:
            yield
        finally:
            capacity.discard(self)


class AsyncRateTests(WithAsyncClient, RateTests):
    pass


class AsyncOwnerTests(WithAsyncClient, OwnerTests):
    pass


class AsyncProcessTests(WithAsyncClient, ProcessTests):
    pass
