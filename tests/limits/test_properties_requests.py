"""Whatever comes by HTTP, to whichever URL: an answer or a refusal, never a failure."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple
from uuid import UUID

from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from hypothesis import given
from hypothesis import strategies as st

from mindwave_django.testing import fake_driver
from mindwave_django.urls import urlpatterns
from tests.chat.asking import BASE, CONVERSATIONS, unknown
from tests.clients import Answered
from tests.limits.person import TOKEN, PersonTestCase, assert_flat, unhurried
from tests.limits.strategies import (
    BODIES,
    FIELDS,
    FORM,
    JSON,
    PARTS,
    QUERIES,
    content_types,
    examples,
    header_texts,
    json_texts,
    multipart,
)

USUAL = [
    ("Accept", "text/html"),
    ("Accept-Language", "de"),
    ("Idempotency-Key", "k-1"),
    ("Last-Event-ID", "abc:5"),
    ("Origin", "http://testserver"),
    ("Sec-Fetch-Site", "same-origin"),
]
NAMED = st.sampled_from([*(name for name, _ in USUAL), "Referer", "X-CSRFToken", "X-Request-ID"])
PAIRS = st.lists(st.sampled_from(USUAL) | st.tuples(NAMED, header_texts), max_size=2)
HEADERS = PAIRS.map(lambda pairs: {"X-CSRFToken": TOKEN} | dict(pairs))
ROUTES = [
    str(each.pattern).replace("<uuid:pk>", "{pk}")
    for each in urlpatterns
    if not str(each.pattern).startswith("probe/")  # it is our own command's, and mostly off
]
WITH_PAGES = {"messages/", "conversations/{pk}/"}
METHODS = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "PUT", "X"])
ALLOWED = [
    *(("GET", route) for route in ROUTES if route[:4] in {"stre", "gene", "conv"}),
    *(("POST", route) for route in ROUTES if route[:4] in {"stre", "gene", "mess"}),
    *((method, "conversations/{pk}/") for method in ("PATCH", "DELETE")),
    ("GET", "messages/{pk}/stream/"),
]
LINES = st.integers(0, 9).flatmap(
    lambda chance: (
        st.sampled_from(ALLOWED) if chance else st.tuples(METHODS, st.sampled_from(ROUTES))
    )
)
USUAL_BODIES = st.sampled_from(
    [
        (b'{"prompt": "Hi", "title": "x", "max_tokens": null}', JSON),
        (b"prompt=Hi&temperature=1&model=small", FORM),
        (b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nHi\r\n--x--', PARTS),
    ]
)
SENT_BODIES = (
    USUAL_BODIES
    | st.tuples(json_texts(FIELDS), st.just(JSON))
    | st.tuples(QUERIES.map(str.encode), st.just(FORM))
    | st.tuples(multipart(FIELDS), st.just(PARTS))
    | st.tuples(BODIES, content_types)
)


class Sent(NamedTuple):
    """A request; `pick` chooses which of the person's rows it names."""

    line: tuple[str, str]
    pick: int
    query: str
    body: tuple[bytes, str]
    headers: dict[str, str]


SENT = st.builds(
    Sent,
    LINES,
    st.integers(0, 50),
    QUERIES | st.just("prompt=Hi") | st.just(""),
    SENT_BODIES,
    HEADERS,
)


class RequestTestCase(PersonTestCase):
    """Every URL takes anything: what it does not answer it refuses in our form."""

    client_class: Any = Client

    def check(self, sent: Sent) -> None:
        client = self.client_class(enforce_csrf_checks=True)
        client.cookies.load(self.cookies)
        with fake_driver("Hello"):
            answered = self.send(client, *self.request_line(sent), sent)
        assert answered.status < 500, answered.body
        assert answered["X-Request-ID"]
        if answered.status >= 400 and answered.status != 405:
            self.assert_refused(sent, answered)

    def request_line(self, sent: Sent) -> tuple[str, str]:
        method, route = sent.line
        rows = self.conversations if "conversations" in route else self.answers
        rows = self.questions if "edit" in route else rows
        pool = [*rows, *rows, *self.questions, unknown()]
        path = BASE + route.format(pk=pool[sent.pick % len(pool)])
        return method, f"{path}?{sent.query}"

    def assert_refused(self, sent: Sent, answered: Answered) -> None:
        if "text/html" in sent.headers.get("Accept", "") and sent.line[1] in WITH_PAGES:
            assert answered["Content-Type"].startswith("text/html")
        else:
            assert_flat(answered)

    def send(self, client: Any, method: str, path: str, sent: Sent) -> Answered:
        body, content_type = sent.body
        response = client.generic(
            method, path, body, content_type=content_type, headers=sent.headers
        )
        return Answered(response, response.getvalue())


@unhurried
class RequestTests(RequestTestCase):
    @examples(300)
    @given(SENT)
    def test_anything(self, sent: Sent) -> None:
        # Django itself fails to build a request with a query and such a charset, under WSGI.
        if "charset" in sent.body[1]:
            sent = sent._replace(query="")
        self.check(sent)


@unhurried
class AsyncRequestTests(RequestTestCase):
    client_class = AsyncClient

    @examples(200)
    @given(SENT)
    def test_anything(self, sent: Sent) -> None:
        self.check(sent)

    def send(self, client: Any, method: str, path: str, sent: Sent) -> Answered:
        return async_to_sync(self.asend)(client, method, path, sent)

    async def asend(self, client: Any, method: str, path: str, sent: Sent) -> Answered:
        body, content_type = sent.body
        content_type = content_type.encode(
            "ascii", "replace"
        ).decode()  # this client sends no other
        response = await client.generic(
            method, path, body, content_type=content_type, headers=sent.headers
        )
        if response.streaming:
            return Answered(response, b"".join([part async for part in response]))
        return Answered(response, response.content)


ZONES = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)
ENDS = st.sampled_from([date.min, date.max])
MOMENTS = st.datetimes(timezones=ZONES) | st.builds(
    datetime.combine, ENDS, st.times(timezones=ZONES)
)


class PlaceTests(PersonTestCase):
    """A place in the list of conversations may be any time."""

    @examples(60)
    @given(MOMENTS, st.uuids())
    def test_any_time(self, moment: datetime, pk: UUID) -> None:
        self.client.cookies.load(self.cookies)
        response = self.client.get(CONVERSATIONS, {"before": f"{moment.isoformat()}_{pk}"})
        assert response.status_code in {200, 400}
