"""Settings: their defaults, when they are read, and what a wrong one is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, override_settings

from mindwave_django.conf import Group, Setting, mindwave_settings

DEFAULTS: dict[tuple[str, ...], Any] = {
    ("DRIVERS",): {"default": {"BACKEND": "mindwave_django.drivers.demo.DemoDriver"}},
    ("CLIENT_IP",): None,
    ("PRICING",): {},
    ("TRACING", "CAPTURE_CONTENT"): False,
    ("TRACING", "REDACT"): None,
    ("TRACING", "RECORD"): False,
    ("LOG_CONTENT",): False,
    ("PROBE",): False,
    ("STREAMING", "TIMEOUT"): 300,
    ("STREAMING", "FIRST_TOKEN_TIMEOUT"): 60,
    ("STREAMING", "IDLE_TIMEOUT"): 60,
    ("STREAMING", "FLUSH_INTERVAL"): 0,
    ("STREAMING", "HEARTBEAT_INTERVAL"): 15,
    ("STREAMING", "PROGRESS"): False,
    ("STREAMING", "RETRY"): 1,
    ("STREAMING", "RECONNECT_GRACE"): 45,
    ("STREAMING", "ON_DISCONNECT"): "cancel",
    ("STREAMING", "SHUTDOWN_GRACE"): 5,
    ("STREAMING", "MAX_STREAMS"): 1000,
    ("STREAMING", "RETENTION"): 300,
    ("STREAMING", "LOG"): {"BACKEND": "mindwave_django.streaming.log.MemoryLog"},
    ("CHAT", "ACCESS"): "mindwave_django.access.authenticated",
    ("CHAT", "ALLOWED_ORIGINS"): [],
    ("CHAT", "ALLOWED_MODELS"): [],
    ("CHAT", "RATE"): "10/m",
    ("CHAT", "MAX_STREAMS_PER_OWNER"): 3,
    ("CHAT", "TOKEN_BUDGET"): None,
    ("CHAT", "COST_BUDGET"): None,
    ("CHAT", "MAX_PROMPT_LENGTH"): 5000,
    ("CHAT", "MAX_TOKENS"): 4000,
    ("CHAT", "SYSTEM_PROMPT"): "",
    ("CHAT", "CONTEXT_WINDOWS"): {},
    ("CHAT", "TITLE"): None,
    ("CHAT", "ADOPT_ON_LOGIN"): True,
    ("CHAT", "CHECKPOINT_INTERVAL"): 2,
    ("CHAT", "PENDING_TIMEOUT"): 60,
    ("CHAT", "RECORDER"): {"BACKEND": "mindwave_django.recorder.MessageRecorder"},
}

POSITIVE = "a positive number of seconds"
NOT_NEGATIVE = "0 or more seconds"
COUNT = "a whole number of at least 1"
TEXTS = "a list of texts"
ORIGINS = "a list of origins such as 'https://example.com'"
RATE = "a rate such as '10/m', a dotted path or a callable that returns one, or None"
WRONG_RATES = ("", "10", "10/x", "abc", "10/0m", "-1/m", 10, ("10", "60"), (10, 0))
PRICING = (
    "a dict: pattern of a model's name → dict with 'input', 'output' and, if needed, "
    "'cached_input' and 'per'"
)
WRONG_PRICES: tuple[Any, ...] = (
    [],
    {"m": 1},
    {"m": {"input": 1}},
    {"m": {"input": 1, "output": -1}},
    {"m": {"input": 1, "output": "dear"}},
    {"m": {"input": True, "output": 1}},
    {"m": {"input": 1, "output": float("nan")}},
    {"m": {"input": 1, "output": 1, "per": 0}},
    {"m": {"input": 1, "output": 1, "cache": 1}},
    {1: {"input": 1, "output": 1}},
)
CLIENT_IP = (
    "None, a dict with HEADER and the number of TRUSTED_PROXIES, a dotted path or a callable"
)
WRONG_CLIENT_IPS: tuple[Any, ...] = (
    "X-Forwarded-For",
    {},
    {"HEADER": ""},
    {"HEADER": "X Forwarded"},
    {"HEADER": "X-Forwarded-For", "TRUSTED_PROXIES": 0},
    {"HEADER": "X-Forwarded-For", "TRUSTED_PROXIES": True},
    {"HEADER": "X-Forwarded-For", "PROXIES": 1},
)

WRONG: list[tuple[tuple[str, ...], Any, str]] = [
    (("STREAMING", "TIMEOUT"), 0, POSITIVE),
    (("STREAMING", "TIMEOUT"), -1, POSITIVE),
    (("STREAMING", "TIMEOUT"), "300", POSITIVE),
    (("STREAMING", "TIMEOUT"), True, POSITIVE),
    (("STREAMING", "TIMEOUT"), None, POSITIVE),
    (("STREAMING", "TIMEOUT"), float("nan"), POSITIVE),
    (("STREAMING", "TIMEOUT"), float("inf"), POSITIVE),
    (("STREAMING", "FIRST_TOKEN_TIMEOUT"), 0, POSITIVE),
    (("STREAMING", "IDLE_TIMEOUT"), 0, POSITIVE),
    (("STREAMING", "HEARTBEAT_INTERVAL"), 0, POSITIVE),
    (("STREAMING", "FLUSH_INTERVAL"), -0.1, NOT_NEGATIVE),
    (("STREAMING", "RETRY"), "1", NOT_NEGATIVE),
    (("STREAMING", "RECONNECT_GRACE"), False, NOT_NEGATIVE),
    (("STREAMING", "RETENTION"), -1, NOT_NEGATIVE),
    (("STREAMING", "PROGRESS"), 1, "True or False"),
    (("STREAMING", "ON_DISCONNECT"), "stop", "one of 'cancel', 'finish'"),
    (("STREAMING", "ON_DISCONNECT"), [], "one of 'cancel', 'finish'"),
    (("STREAMING", "LOG"), "MemoryLog", "a dict with BACKEND and, if needed, OPTIONS"),
    (("CHAT", "ACCESS"), "anyone", "a dotted path or a callable"),
    (("CHAT", "ACCESS"), None, "a dotted path or a callable"),
    (("CHAT", "ALLOWED_ORIGINS"), "https://example.com", ORIGINS),
    (("CHAT", "ALLOWED_ORIGINS"), ["https://example.com", "example.com"], ORIGINS),
    (("CHAT", "ALLOWED_ORIGINS"), ["//example.com"], ORIGINS),
    (("CHAT", "ALLOWED_ORIGINS"), ["https://"], ORIGINS),
    (("CHAT", "ALLOWED_ORIGINS"), ["https://example.com/page"], ORIGINS),
    (("CHAT", "ALLOWED_ORIGINS"), ["http://["], ORIGINS),
    (("CHAT", "ALLOWED_ORIGINS"), [None], ORIGINS),
    (("CHAT", "ALLOWED_MODELS"), "small", TEXTS),
    (("CHAT", "ALLOWED_MODELS"), ["small", 4], TEXTS),
    (("CHAT", "MAX_PROMPT_LENGTH"), 0, COUNT),
    (("CHAT", "MAX_PROMPT_LENGTH"), 1.5, COUNT),
    (("CHAT", "MAX_TOKENS"), True, COUNT),
    (("CHAT", "SYSTEM_PROMPT"), None, "a text"),
    (("STREAMING", "SHUTDOWN_GRACE"), -1, NOT_NEGATIVE),
    (("CHAT", "CONTEXT_WINDOWS"), {"gpt-9": 0}, "a dict of whole numbers of at least 1"),
    (("CHAT", "CONTEXT_WINDOWS"), {"gpt-9": True}, "a dict of whole numbers of at least 1"),
    (("CHAT", "CONTEXT_WINDOWS"), {9: 9}, "a dict of whole numbers of at least 1"),
    (("CHAT", "TITLE"), "title", "None, a dotted path or a callable"),
    (("CHAT", "ADOPT_ON_LOGIN"), 1, "True or False"),
    (("CHAT", "CHECKPOINT_INTERVAL"), 0, "a positive number of seconds"),
    (("CHAT", "PENDING_TIMEOUT"), 0, "a positive number of seconds"),
    (("CHAT", "RECORDER"), "x.Y", "a dict with BACKEND and, if needed, OPTIONS"),
    *((("CHAT", "RATE"), wrong, RATE) for wrong in WRONG_RATES),
    (("CHAT", "TOKEN_BUDGET"), "1.5/d", "a budget such as '200k/d', or None"),
    (("CHAT", "TOKEN_BUDGET"), 200, "a budget such as '200k/d', or None"),
    (("CHAT", "COST_BUDGET"), "5", "a budget such as '5.00/d', or None"),
    (("CHAT", "MAX_STREAMS_PER_OWNER"), 0, f"{COUNT}, or None for no limit"),
    (("STREAMING", "MAX_STREAMS"), None, COUNT),
    *((("CLIENT_IP",), wrong, CLIENT_IP) for wrong in WRONG_CLIENT_IPS),
    *((("PRICING",), wrong, PRICING) for wrong in WRONG_PRICES),
    (("TRACING", "RECORD"), 1, "True or False"),
    (("DRIVERS",), [], "a dict of aliases"),
    (("LOG_CONTENT",), 1, "True or False"),
    (("PROBE",), "yes", "True or False"),
]

RIGHT: list[tuple[tuple[str, ...], Any]] = [
    (("STREAMING", "TIMEOUT"), 0.5),
    (("STREAMING", "FLUSH_INTERVAL"), 0.05),
    (("STREAMING", "RETRY"), 0),
    (("STREAMING", "RECONNECT_GRACE"), 0),
    (("STREAMING", "RETENTION"), 0),
    (("STREAMING", "ON_DISCONNECT"), "finish"),
    (("CHAT", "ACCESS"), "shop.access.customers"),
    (("CHAT", "ACCESS"), bool),
    (("CHAT", "ALLOWED_ORIGINS"), ["https://example.com", "http://127.0.0.1:8000/"]),
    (("CHAT", "ALLOWED_MODELS"), ("small", "large")),
    (("CHAT", "MAX_TOKENS"), 1),
    *((("CHAT", "RATE"), right) for right in ("10/m", "200/12h", (5, 60), "shop.rate", int, None)),
    (("CHAT", "MAX_STREAMS_PER_OWNER"), None),
    (("CHAT", "TOKEN_BUDGET"), "1.5m/w"),
    (("CHAT", "COST_BUDGET"), "0.50/12h"),
    (("CLIENT_IP",), {"HEADER": "X-Forwarded-For"}),
    (
        ("PRICING",),
        {"gpt-*": {"input": "0.4", "cached_input": 0.1, "output": Decimal(2), "per": 1}},
    ),
    (("CLIENT_IP",), {"HEADER": "X-Real-IP", "TRUSTED_PROXIES": 2}),
    (("CLIENT_IP",), "shop.access.address"),
    (("LOG_CONTENT",), True),
    (("PROBE",), True),
]


def nested(path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Return the dict of settings in which `value` stands at `path`."""
    for key in reversed(path):
        value = {key: value}
    return value  # type: ignore[return-value]  # a path has at least one key


def read(path: tuple[str, ...]) -> Any:
    found: Any = mindwave_settings
    for key in path:
        found = getattr(found, key)
    return found


class DefaultTests(SimpleTestCase):
    def test_every_setting_has_its_documented_default(self) -> None:
        with override_settings(MINDWAVE={}):
            assert {path: read(path) for path in DEFAULTS} == DEFAULTS

    def test_no_setting_is_missing_here(self) -> None:
        known = {
            (*group.path, setting.name)
            for group in mindwave_settings.groups()
            for setting in group.settings()
        }
        assert known == set(DEFAULTS)

    def test_mindwave_may_be_missing(self) -> None:
        with override_settings():
            del settings.MINDWAVE
            assert mindwave_settings.STREAMING.TIMEOUT == 300
            assert mindwave_settings.LOG_CONTENT is False

    def test_setting_in_one_group_leaves_the_others_alone(self) -> None:
        with override_settings(MINDWAVE={"STREAMING": {"TIMEOUT": 1}}):
            assert mindwave_settings.STREAMING.IDLE_TIMEOUT == 60
            assert mindwave_settings.CHAT.MAX_TOKENS == 4000

    def test_groups_know_their_keys(self) -> None:
        known = {"STREAMING", "CHAT", "TRACING", "DRIVERS", "CLIENT_IP", "PRICING", "LOG_CONTENT"}
        known |= {"PROBE"}
        assert mindwave_settings.known() == known
        assert mindwave_settings.CHAT.known() == {path[1] for path in DEFAULTS if path[0] == "CHAT"}

    def test_class_access_gives_the_setting_itself(self) -> None:
        setting = type(mindwave_settings.STREAMING).TIMEOUT
        assert isinstance(setting, Setting)
        assert setting.default == 300


class ReadingTests(SimpleTestCase):
    def test_override_is_seen_at_once_and_gone_after_the_block(self) -> None:
        before = mindwave_settings.STREAMING.TIMEOUT
        with override_settings(MINDWAVE={"STREAMING": {"TIMEOUT": 7}}):
            assert mindwave_settings.STREAMING.TIMEOUT == 7
            with override_settings(MINDWAVE={"STREAMING": {"TIMEOUT": 8}}):
                assert mindwave_settings.STREAMING.TIMEOUT == 8
            assert mindwave_settings.STREAMING.TIMEOUT == 7
        assert before == mindwave_settings.STREAMING.TIMEOUT

    def test_dict_that_changes_in_place_is_not_cached(self) -> None:
        mindwave: dict[str, Any] = {"CHAT": {"MAX_TOKENS": 5}}
        with override_settings(MINDWAVE=mindwave):
            assert mindwave_settings.CHAT.MAX_TOKENS == 5
            mindwave["CHAT"]["MAX_TOKENS"] = 6
            assert mindwave_settings.CHAT.MAX_TOKENS == 6

    def test_right_values_are_returned_as_they_are(self) -> None:
        for path, value in RIGHT:
            with (
                self.subTest(path=path, value=value),
                override_settings(MINDWAVE=nested(path, value)),
            ):
                assert read(path) is value


class ComplaintTests(SimpleTestCase):
    def test_wrong_values_are_named_with_place_and_value(self) -> None:
        for path, value, expected in WRONG:
            place = "MINDWAVE" + "".join(f"['{key}']" for key in path)
            with (
                self.subTest(place=place, value=value),
                override_settings(MINDWAVE=nested(path, value)),
                self.assertRaises(ImproperlyConfigured) as caught,
            ):
                read(path)
            assert str(caught.exception) == f"{place} should be {expected}, got {value!r}."

    def test_exact_text(self) -> None:
        with (
            override_settings(MINDWAVE={"STREAMING": {"TIMEOUT": "soon"}}),
            self.assertRaises(ImproperlyConfigured) as caught,
        ):
            _ = mindwave_settings.STREAMING.TIMEOUT
        assert str(caught.exception) == (
            "MINDWAVE['STREAMING']['TIMEOUT'] should be a positive number of seconds, got 'soon'."
        )

    def test_mindwave_is_no_dict(self) -> None:
        for value in (None, [], "demo"):
            with (
                self.subTest(value=value),
                override_settings(MINDWAVE=value),
                self.assertRaises(ImproperlyConfigured) as caught,
            ):
                _ = mindwave_settings.STREAMING.TIMEOUT
            assert str(caught.exception) == f"MINDWAVE should be a dict, got {value!r}."

    def test_group_is_no_dict(self) -> None:
        with (
            override_settings(MINDWAVE={"CHAT": ["anyone"]}),
            self.assertRaises(ImproperlyConfigured) as caught,
        ):
            _ = mindwave_settings.CHAT.ACCESS
        assert str(caught.exception) == "MINDWAVE['CHAT'] should be a dict, got ['anyone']."

    def test_place_is_written_as_in_the_settings(self) -> None:
        assert Group().place() == "MINDWAVE"
        assert Group("DRIVERS").place("it's") == "MINDWAVE['DRIVERS'][\"it's\"]"
