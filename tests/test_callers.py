"""Those who call: views of every kind below middleware of every kind, and users by token."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from asgiref.sync import async_to_sync, iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, TestCase, override_settings
from django.urls import include, path
from django.utils.deprecation import MiddlewareMixin

from mindwave_django import llm
from mindwave_django.events import DriverEvent
from mindwave_django.messages import Message
from mindwave_django.signals import stream_completed, stream_started, token_streamed
from mindwave_django.testing import FakeDriver, fake_driver
from tests.asking import BOTH, GENERATE, STREAM, chat
from tests.clients import Answered, WithAsyncClient, WithClient
from tests.recording import CoreTestCase, recorded_signals
from tests.streaming.outside import LIMIT, in_a_thread
from tests.streaming.support import only_receiver


def whole(request: HttpRequest) -> HttpResponse:
    return HttpResponse(async_to_sync(llm().agenerate)("Hi").text)


urlpatterns = [path("whole", whole), path("mindwave/", include("mindwave_django.urls"))]


class AsyncOnly:
    """Middleware that has no sync side."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[..., Any]) -> None:
        assert iscoroutinefunction(get_response)
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> Any:
        return await self.get_response(request)


class TokenAuthentication(MiddlewareMixin):
    """Knows nothing of `request.auser`, as most libraries for tokens."""

    def process_request(self, request: HttpRequest) -> None:
        if token := request.headers.get("Authorization"):
            request.user = User(pk=int(token))


@override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[f"{__name__}.AsyncOnly"])
class NestedLoopTests(CoreTestCase):
    """Async middleware, a sync view below it, an async call in that: each waits for the next."""

    def assert_answered(self, ask: Callable[[], bytes]) -> None:
        for signal in (stream_started, token_streamed, stream_completed):
            heard = threading.Event()

            def receive(event: Any, **kwargs: Any) -> None:
                heard.set()  # noqa: B023

            with self.subTest(signal=signal), fake_driver("Hello"), only_receiver(receive, signal):
                assert in_a_thread(ask) == b"Hello"
                assert heard.wait(LIMIT)

    def test_wsgi(self) -> None:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/whole",
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "wsgi.input": io.BytesIO(),
        }

        def ask() -> bytes:
            response: Any = WSGIHandler()(environ, lambda *args: None)
            return b"".join(response)

        self.assert_answered(ask)

    def test_async_client_in_an_async_test(self) -> None:
        self.assert_answered(lambda: async_to_sync(AsyncClient().get)("/whole").content)

    def test_async_client_in_a_loop_of_its_own(self) -> None:
        async def ask() -> bytes:
            response: HttpResponse = await AsyncClient().get("/whole")
            return response.content

        self.assert_answered(lambda: asyncio.run(ask()))


@override_settings(
    ROOT_URLCONF=__name__, MIDDLEWARE=[*settings.MIDDLEWARE, f"{__name__}.TokenAuthentication"]
)
class TokenTests(WithClient, CoreTestCase):
    """Users whom only `request.user` knows."""

    def ask_as(self, user: int | None, where: str, **data: str) -> Answered:
        headers = {} if user is None else {"Authorization": str(user)}
        return self.ask(where, {"prompt": "Hi"} | data, headers=headers)

    def test_nobody_else_reads_the_answer(self) -> None:
        with chat(), fake_driver("Hello"):
            stream_id = self.ask_as(7, STREAM).events[0].json()["stream"]
            for other in (8, None):
                (refused,) = self.ask_as(other, STREAM, last_event_id=f"{stream_id}:0").events
                assert refused.json()["code"] == "stream_expired"
            assert self.ask_as(7, STREAM, last_event_id=f"{stream_id}:0").text == "Hello"

    def test_events_know_the_user(self) -> None:
        with chat(), fake_driver("Hello"), recorded_signals() as record:
            assert self.ask_as(7, STREAM).text == "Hello"
        (event,) = record.events("stream_completed")
        assert (event.owner, event.user.pk) == ("u:7", 7)

    def test_authenticated_lets_them_in(self) -> None:
        with override_settings(MINDWAVE={}), fake_driver("Hello"):
            for where in BOTH:
                assert self.ask_as(7, where).status == 200
                assert self.ask_as(None, where).status == 401


class AsyncTokenTests(WithAsyncClient, TokenTests):
    pass


def staff_only(request: HttpRequest) -> bool:
    return request.user.is_staff  # type: ignore[union-attr]  # looked up in the database


class RuleTests(WithClient, TestCase):
    def test_sync_rule_that_asks_the_database(self) -> None:
        for is_staff in (True, False):
            user = User.objects.create(username=f"staff: {is_staff}", is_staff=is_staff)
            self._client().force_login(user)
            for rule in (staff_only, f"{__name__}.staff_only"):
                with self.subTest(rule=rule), chat(ACCESS=rule), fake_driver("Hello"):
                    assert self.ask(GENERATE, {"prompt": "Hi"}).status == (200 if is_staff else 403)


class AsyncRuleTests(WithAsyncClient, RuleTests):
    pass


class Saves(FakeDriver):
    """Saves a user while it answers."""

    async def stream(
        self, messages: Sequence[Message], **options: Any
    ) -> AsyncGenerator[DriverEvent, None]:
        await save()
        async for event in super().stream(messages, **options):
            yield event


async def save(**kwargs: Any) -> None:
    await User.objects.acreate(username="saved")


def nothing(**kwargs: Any) -> None:
    pass


class AsyncORMTests(WithClient, TestCase):
    """What async code saves is the test's: seen by it, and gone with its transaction."""

    def assert_saved(self, driver: type[FakeDriver], receive: Any, where: str) -> None:
        saved = User.objects.filter(username="saved")
        with transaction.atomic():
            with (
                chat(),
                fake_driver("Hello", backend=driver),
                only_receiver(receive, stream_completed),
            ):
                assert self.ask(where, {"prompt": "Hi"}).status == 200
            assert saved.count() == 1
            transaction.set_rollback(True)
        assert saved.count() == 0

    def test_receivers(self) -> None:
        for where in BOTH:
            with self.subTest(where=where):
                self.assert_saved(FakeDriver, save, where)

    def test_drivers(self) -> None:
        for where in BOTH:
            with self.subTest(where=where):
                self.assert_saved(Saves, nothing, where)


class AsyncClientORMTests(WithAsyncClient, AsyncORMTests):
    pass
