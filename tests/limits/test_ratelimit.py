"""`stream_ratelimit`: what is counted, for whom, and what those are told who ask too often."""

from __future__ import annotations

from typing import Any
from unittest import mock

from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import SimpleTestCase, override_settings
from django.utils.decorators import method_decorator
from django.views import View

from mindwave_django import stream
from mindwave_django.decorators import stream_ratelimit
from mindwave_django.testing import fake_driver
from tests.limits.calling import USER, call, counted, stop_windows

RESUMES = ({"last-event-id": "abc:5"}, {"last-event-id": "abc:end"}, {"last-event-id": "nonsense"})


def ten(group: str, request: HttpRequest) -> str:
    return "10/m"


def none(group: str, request: HttpRequest) -> None:
    return None


def wrong(group: str, request: HttpRequest) -> str:
    return "often"


def by_header(group: str, request: HttpRequest) -> str:
    return request.headers.get("X-Team", "")


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Hi")


async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Hi")


@method_decorator(stream_ratelimit("1/m", key="ip"), name="dispatch")
class Dispatched(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("Hi")


@method_decorator(stream_ratelimit("1/m", key="ip"), name="dispatch")
class AsyncDispatched(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("Hi")


class Method(View):
    @stream_ratelimit("1/m", key="ip")
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("Hi")


class AsyncMethod(View):
    @method_decorator(stream_ratelimit("1/m", key="ip"))
    async def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("Hi")


class Proxied:
    """What a framework hands to views in place of the request."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)


@counted
class RateTestCase(SimpleTestCase):
    def setUp(self) -> None:
        cache.clear()
        stop_windows(self)

    def statuses(self, view: Any, times: int = 3, **made: Any) -> list[int]:
        return [call(view, **made).status_code for _ in range(times)]


class ViewTests(RateTestCase):
    def test_views_of_every_kind(self) -> None:
        views = {
            "function": stream_ratelimit("1/m", key="ip")(page),
            "async function": stream_ratelimit("1/m", key="ip")(async_page),
            "decorated class": Dispatched.as_view(),
            "decorated async class": AsyncDispatched.as_view(),
            "as_view": stream_ratelimit("1/m", key="ip")(Method.as_view()),
            "as_view of an async class": stream_ratelimit("1/m", key="ip")(AsyncMethod.as_view()),
            "method": Method.as_view(),
            "async method": AsyncMethod.as_view(),
        }
        for name, view in views.items():
            cache.clear()
            with self.subTest(name):
                assert self.statuses(view) == [200, 429, 429]

    def test_request_inside_something_else(self) -> None:
        view = stream_ratelimit("1/m", key="ip")(page)
        assert self.statuses(lambda request: view(Proxied(request))) == [200, 429, 429]

    def test_what_is_no_view(self) -> None:
        with self.assertRaisesMessage(TypeError, "no request among the arguments"):
            stream_ratelimit("1/m")(page)(7)  # type: ignore[arg-type]

    def test_name_and_documentation_stay(self) -> None:
        assert stream_ratelimit("1/m")(page).__name__ == "page"


class RefusalTests(RateTestCase):
    def test_what_is_said(self) -> None:
        view = stream_ratelimit("1/m", key="ip")(page)
        call(view)
        refused = call(view)
        assert refused.status_code == 429
        told = refused.json
        wait = told.pop("retry_after")
        assert told == {"error": "Too many requests in a short time.", "code": "rate_limited"}
        assert refused["Retry-After"] == str(wait)
        assert 1 <= wait <= 60
        assert refused["Cache-Control"] == "no-store"

    def test_the_last_moment_of_a_window_says_a_second_at_least(self) -> None:
        view = stream_ratelimit("1/s", key="ip")(page)
        with mock.patch("django_ratelimit.core.time.time", return_value=1000.0):
            call(view)
            assert call(view)["Retry-After"] == "1"


class CountingTests(RateTestCase):
    def test_resuming_is_free(self) -> None:
        view = stream_ratelimit("1/m", key="ip")(page)
        for headers in RESUMES:
            assert self.statuses(view, headers=headers) == [200, 200, 200]
        assert self.statuses(view, path="/?last_event_id=abc:5") == [200, 200, 200]
        assert self.statuses(view) == [200, 429, 429]

    def test_methods_that_start_nothing_are_free(self) -> None:
        view = stream_ratelimit("1/m", key="ip")(page)
        for method in ("HEAD", "OPTIONS"):
            assert self.statuses(view, method=method) == [200, 200, 200]
        assert self.statuses(view) == [200, 429, 429]

    def test_refused_requests_ask_nobody(self) -> None:
        async def chat(request: HttpRequest) -> Any:
            return stream("Hi").response(request)

        view = stream_ratelimit("2/m", key="ip")(chat)
        with fake_driver("Hello") as driver:
            for _ in range(5):
                call(view)
            assert len(driver.calls) == 2

    def test_methods_that_are_counted(self) -> None:
        view = stream_ratelimit("1/m", key="ip", method="POST")(page)
        assert self.statuses(view) == [200, 200, 200]
        assert self.statuses(view, method="POST") == [200, 429, 429]

    def test_several_limits(self) -> None:
        view = stream_ratelimit("1/m", key="ip")(stream_ratelimit("3/m", key="ip", group="x")(page))
        assert self.statuses(view) == [200, 429, 429]
        other = stream_ratelimit("9/m", key="ip")(
            stream_ratelimit("3/m", key="ip", group="x")(page)
        )
        assert self.statuses(other) == [200, 200, 429]

    def test_each_view_has_a_limit_of_its_own_unless_they_share_a_group(self) -> None:
        one, two = stream_ratelimit("1/m", key="ip")(page), stream_ratelimit("1/m", key="ip")
        assert self.statuses(one) == [200, 429, 429]
        assert self.statuses(two(async_page)) == [200, 429, 429]
        for view in (page, async_page):
            shared = stream_ratelimit("3/m", key="ip", group="shared")(view)
            assert set(self.statuses(shared, 2)) <= {200, 429}
        assert self.statuses(shared, 1) == [429]

    @override_settings(RATELIMIT_ENABLE=False)
    def test_switched_off(self) -> None:
        assert self.statuses(stream_ratelimit("1/m")(page)) == [200, 200, 200]


class RateTests(RateTestCase):
    def test_rates_of_every_kind(self) -> None:
        for rate, allowed in (
            ("2/m", 2),
            ("2/5h", 2),
            ((2, 60), 2),
            ("0/d", 0),
            (None, 12),
            (ten, 10),
            (f"{__name__}.ten", 10),
            (none, 12),
        ):
            cache.clear()
            with self.subTest(rate=rate):
                statuses = self.statuses(stream_ratelimit(rate, key="ip")(page), 12)
                assert statuses == [200] * allowed + [429] * (12 - allowed)

    def test_rate_that_cannot_be_read(self) -> None:
        for rate in ("10", "10/x", "often", (1, 0), 7):
            with (
                self.subTest(rate=rate),
                self.assertRaisesMessage(
                    ImproperlyConfigured, f"A rate is written like '10/m' or '10/5m', got {rate!r}."
                ),
            ):
                stream_ratelimit(rate)

    def test_callable_that_returns_none_that_can_be_read(self) -> None:
        with self.assertRaisesMessage(ImproperlyConfigured, "got 'often'"):
            call(stream_ratelimit(wrong, key="ip")(page))


class KeyTests(RateTestCase):
    def test_users_by_themselves_and_strangers_by_address(self) -> None:
        view = stream_ratelimit("1/m")(page)
        assert self.statuses(view, user=USER, REMOTE_ADDR="1.1.1.1") == [200, 429, 429]
        assert self.statuses(view, user=USER, REMOTE_ADDR="2.2.2.2") == [429, 429, 429]
        for user in (None, AnonymousUser()):
            address = f"3.3.3.{3 if user is None else 4}"
            assert self.statuses(view, user=user, REMOTE_ADDR=address) == [200, 429, 429]

    def test_user_and_address_with_the_same_characters_are_two(self) -> None:
        view = stream_ratelimit("1/m")(page)
        assert self.statuses(view, 1, user=USER) == [200]
        assert self.statuses(view, 1, REMOTE_ADDR=f"{USER.pk}.0.0.0") == [200]

    def test_by_address(self) -> None:
        view = stream_ratelimit("1/m", key="ip")(page)
        assert self.statuses(view, user=USER, REMOTE_ADDR="1.1.1.1") == [200, 429, 429]
        assert self.statuses(view, user=USER, REMOTE_ADDR="2.2.2.2") == [200, 429, 429]

    def test_without_any_address(self) -> None:
        view = stream_ratelimit("1/m")(page)
        assert self.statuses(view, REMOTE_ADDR="") == [200, 429, 429]

    def test_own_key_or_its_path(self) -> None:
        for key in (by_header, f"{__name__}.by_header"):
            cache.clear()
            view = stream_ratelimit("1/m", key=key)(page)
            for team in "ab":
                assert self.statuses(view, headers={"X-Team": team}) == [200, 429, 429]

    def test_key_that_is_none(self) -> None:
        with self.assertRaisesMessage(
            ImproperlyConfigured,
            "key should be 'ip', 'user_or_ip', a dotted path or a callable, got 'person'.",
        ):
            stream_ratelimit("1/m", key="person")
