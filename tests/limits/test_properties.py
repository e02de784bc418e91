"""What holds for forms, rates, addresses and headers, whatever somebody sends."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Any
from uuid import UUID

from django.test import RequestFactory, SimpleTestCase, override_settings, tag
from hypothesis import given
from hypothesis import strategies as st

from mindwave_django.access import require_own_page
from mindwave_django.client_ip import client_ip
from mindwave_django.conf import parse_rate
from mindwave_django.exceptions import PermissionDenied
from mindwave_django.forms import AskForm, EditForm, PromptForm, TitleForm, sign_driver
from mindwave_django.sources import resume_of
from mindwave_django.streaming.answer import Position
from tests.limits.strategies import (
    addresses,
    examples,
    header_texts,
    is_unicode,
    numbers,
    plain_values,
    repeatable,
    texts,
    whole_numbers,
    written_addresses,
    written_numbers,
)

BOUNDS = {"MAX_PROMPT_LENGTH": 8, "MAX_TOKENS": 100, "ALLOWED_MODELS": ["small"]}
MOVES_TEXT = "\t\n\v\f\r\x85"

LINES = st.lists(st.sampled_from(["a", "\r\n", "\r", "\n"]), max_size=5).map("".join)
SIGNED = st.deferred(lambda: st.just(sign_driver("default")))


def trimmed(value: Any) -> str:
    """Return what a field for text makes of a value."""
    return "" if value is None else str(value).strip()


def normalised(value: Any) -> str:
    """Return a prompt as the documentation says that it reaches the model."""
    return re.sub("\r\n?", "\n", trimmed(value))


def is_prompt(text: str) -> bool:
    controls = (c for c in text if unicodedata.category(c) == "Cc" and c not in MOVES_TEXT)
    return 0 < len(text) <= 8 and is_unicode(text) and not any(controls)


def is_temperature(value: Any) -> bool:
    try:
        return 0 <= float(value) <= 2
    except (ValueError, OverflowError):
        return False


@override_settings(MINDWAVE={"CHAT": BOUNDS})
@tag("thorough")
class FormTests(SimpleTestCase):
    def check_prompt(self, value: Any) -> None:
        for form in (PromptForm({"prompt": value}), EditForm({"prompt": value})):
            assert form.is_valid() is is_prompt(normalised(value)), form.errors
            if form.is_valid():
                assert form.cleaned_data["prompt"] == normalised(value)

    @examples(500)
    @given(texts(max_size=4) | st.text("aé😀\n ", min_size=6, max_size=12) | LINES)
    def test_prompt(self, text: str) -> None:
        self.check_prompt(text)

    @repeatable
    @given(plain_values)
    def test_prompt_that_may_be_no_text(self, value: Any) -> None:
        self.check_prompt(value)

    @repeatable
    @given(plain_values | st.floats(0, 2))
    def test_temperature(self, value: Any) -> None:
        form = PromptForm({"prompt": "Hi", "temperature": value})
        blank = value is None or value == ""
        assert form.is_valid() is (blank or is_temperature(value)), form.errors
        if form.is_valid():
            assert form.options() == ({} if blank else {"temperature": float(value)})

    @repeatable
    @given(whole_numbers | st.integers(-1, 102), st.sampled_from([int, str]))
    def test_number_of_tokens(self, number: int, write: Any) -> None:
        form = PromptForm({"prompt": "Hi", "max_tokens": write(number)})
        assert form.is_valid() is (1 <= number <= 100), form.errors
        if form.is_valid():
            assert form.options() == {"max_tokens": number}

    @repeatable
    @given(plain_values | written_numbers)
    def test_number_of_tokens_that_may_be_none(self, value: Any) -> None:
        form = PromptForm({"prompt": "Hi", "max_tokens": value})
        if form.is_valid():
            assert form.options().get("max_tokens", 1) in range(1, 101)

    @repeatable
    @given(plain_values | st.sampled_from(["small", " small", "Small"]))
    def test_model(self, value: Any) -> None:
        form = PromptForm({"prompt": "Hi", "model": value})
        assert form.is_valid() is (trimmed(value) in {"", "small"})

    @repeatable
    @given(texts(), texts())
    def test_driver_that_nobody_signed(self, alias: str, signature: str) -> None:
        assert not AskForm({"prompt": "Hi", "driver": f"{alias}:{signature}"}).is_valid()

    @repeatable
    @given(plain_values | SIGNED)
    def test_driver(self, value: Any) -> None:
        form = AskForm({"prompt": "Hi", "driver": value})
        assert form.is_valid() is (trimmed(value) in {"", sign_driver("default")})

    @repeatable
    @given(plain_values | st.uuids().map(str) | st.uuids())
    def test_conversation(self, value: Any) -> None:
        form = AskForm({"prompt": "Hi", "conversation": value})
        if isinstance(value, UUID):
            assert form.is_valid()
        if form.is_valid():
            assert isinstance(form.cleaned_data["conversation"], UUID) or trimmed(value) == ""

    @repeatable
    @given(plain_values | texts(min_size=199, max_size=202))
    def test_title(self, value: Any) -> None:
        title = trimmed(value)
        possible = 0 < len(title) <= 200 and is_unicode(title) and "\0" not in title
        assert TitleForm({"title": value}).is_valid() is possible


@tag("thorough")
class RateTests(SimpleTestCase):
    @repeatable
    @given(st.integers(0, 10**18 - 1), st.integers(1, 99), st.sampled_from("smhd"))
    def test_written_rate(self, number: int, count: int, unit: str) -> None:
        seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
        assert parse_rate(f"{number}/{count}{unit}") == (number, count * seconds)
        assert parse_rate(f"{number}/{unit}") == (number, seconds)

    @repeatable
    @given(
        plain_values
        | st.tuples(numbers, numbers)
        | st.lists(plain_values, max_size=3)
        | st.from_regex(r"\d*/\d*[smhd]?")
    )
    def test_anything(self, value: Any) -> None:
        rate = parse_rate(value)
        if rate is not None:
            number, period = rate
            assert isinstance(number, int)
            assert isinstance(period, int)
            assert number >= 0
            assert period > 0

    @repeatable
    @given(st.integers(0, 9999), st.integers(0, 9999))
    def test_any_number_of_digits(self, first: int, second: int) -> None:
        assert (parse_rate(f"{'9' * first}/{'9' * second}d") is None) is not (
            1 <= first <= 18 and second <= 18
        )


@tag("thorough")
class AddressTests(SimpleTestCase):
    @repeatable
    @given(
        st.none() | st.integers(1, 3),
        st.none() | texts() | written_addresses | st.integers(),
        st.lists(written_addresses | texts(), max_size=4).map(",".join),
    )
    def test_anything(self, proxies: int | None, remote: Any, header: str) -> None:
        found = self.find(proxies, remote, header)
        assert found == "" or str(ipaddress.ip_address(found)) == found

    @repeatable
    @given(addresses, header_texts, header_texts)
    def test_what_the_proxy_saw_whatever_the_client_wrote(
        self, address: str, remote: str, forged: str
    ) -> None:
        assert self.find(1, remote, f"{forged},{address}") == self.find(None, address, "")

    def find(self, proxies: int | None, remote: Any, header: str) -> str:
        setting = proxies and {"HEADER": "X-Forwarded-For", "TRUSTED_PROXIES": proxies}
        request = RequestFactory().get("/", REMOTE_ADDR=remote)
        request.META["HTTP_X_FORWARDED_FOR"] = header
        with override_settings(MINDWAVE={"CLIENT_IP": setting}):
            return client_ip(request)


@tag("thorough")
class PositionTests(SimpleTestCase):
    @repeatable
    @given(header_texts | texts(max_size=30) | st.from_regex(r"\w*:\d*\.?\d*(end)?"), st.booleans())
    def test_anything(self, value: str, in_header: bool) -> None:
        request = self.request(value) if in_header else RequestFactory().get("/")
        request.GET = request.GET.copy()
        request.GET["last_event_id"] = value
        asked = resume_of(request)
        assert (asked is None) is (value == "")
        if asked is not None:
            assert re.fullmatch(r"[\w-]{1,64}", asked.stream_id, re.ASCII)

    @repeatable
    @given(st.uuids(), st.integers(0, 10**15 - 1), st.integers(1, 10**15 - 1))
    def test_every_position_that_is_given_out(
        self, stream: UUID, text: int, reasoning: int
    ) -> None:
        sid = stream.hex
        assert resume_of(self.request(f"{sid}:{text}")) == (sid, Position(text, 0))
        asked = resume_of(self.request(f"{sid}:{text}.{reasoning}"))
        assert asked == (sid, Position(text, reasoning))
        assert resume_of(self.request(f"{sid}:end")) == (sid, None)

    def request(self, value: str) -> Any:
        return RequestFactory().get("/", HTTP_LAST_EVENT_ID=value)


OWN, FRIEND = "http://testserver", "https://friend.example"
SOURCES = (
    st.none()
    | header_texts
    | st.builds("{}{}".format, st.sampled_from([OWN, FRIEND, "http://", "http://["]), header_texts)
)
OURS = re.compile(rf"({OWN}|{re.escape(FRIEND)})([/?#].*)?", re.IGNORECASE | re.DOTALL)


@override_settings(MINDWAVE={"CHAT": {"ALLOWED_ORIGINS": [FRIEND]}})
@tag("thorough")
class ForeignPageTests(SimpleTestCase):
    @repeatable
    @given(SOURCES, SOURCES, st.none() | st.just("cross-site") | header_texts)
    def test_anything(self, origin: str | None, referer: str | None, site: str | None) -> None:
        sent = {"ORIGIN": origin, "REFERER": referer, "SEC_FETCH_SITE": site}
        headers = {f"HTTP_{name}": value for name, value in sent.items() if value is not None}
        try:
            require_own_page(RequestFactory().get("/", **headers))
        except PermissionDenied:
            return
        source = origin or referer
        told = site in {"same-origin", "none"} or (site is None and source is None)
        assert told or OURS.fullmatch(re.sub(r"[\t\r\n]", "", source or "").strip())
