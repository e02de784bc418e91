"""Whether the models can be asked, and that no key is shown where they cannot."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from django.test import override_settings

from mindwave_django import tokens
from mindwave_django.doctor import models
from mindwave_django.doctor.findings import Finding
from mindwave_django.doctor.models import call_drivers, look_at_drivers, look_at_tokenizer
from mindwave_django.drivers.base import Driver
from mindwave_django.events import DriverEvent, Finished, TextDelta
from mindwave_django.exceptions import (
    DriverError,
    GenerationTimeout,
    ProviderAuthenticationError,
    ProviderProtocolError,
    ProviderQuotaExceeded,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from mindwave_django.messages import Message
from mindwave_django.testing import FakeDriver, Gate, fake_driver
from tests.checking import DEMO
from tests.recording import CoreTestCase

KEY = "sk-proj-very-secret-12345678"
WRONG = {"BACKEND": "no.such.Driver"}


class WholeAnswers(FakeDriver):
    supports_streaming = False


class TooMuchAsked(Exception):
    """What a driver of somebody else raises."""


class WithoutOptions(Driver):
    """A driver whose calls take no option."""

    async def stream(self, messages: Sequence[Message]) -> AsyncGenerator[DriverEvent, None]:
        yield TextDelta("yes")
        yield Finished()


class NoGenerator(Driver):
    """A driver that somebody has written as if it were to return a list."""

    def stream(self, messages: Sequence[Message], **options: Any) -> Any:
        return [TextDelta(KEY)]


def configured(**drivers: Any) -> override_settings:
    return override_settings(MINDWAVE={"DRIVERS": drivers})


@configured(default={"BACKEND": DEMO})
class DriverTests(CoreTestCase):
    def look(self) -> list[tuple[str, str]]:
        return [(finding.level.value, finding.code) for finding in look_at_drivers()]

    def test_streams(self) -> None:
        with fake_driver("yes"):
            (finding,) = look_at_drivers()
        assert (finding.level, finding.code) == ("ok", "driver")
        assert finding.message == "Driver 'default' (FakeDriver, fake-model) streams."

    def test_demo(self) -> None:
        with configured(default={"BACKEND": DEMO}):
            (finding,) = look_at_drivers()
        assert (finding.level, finding.code) == ("note", "driver_is_demo")
        assert "MINDWAVE['DRIVERS']['default']" in finding.hint

    def test_cannot_stream(self) -> None:
        with fake_driver("yes", backend=WholeAnswers):
            (finding,) = look_at_drivers()
        assert (finding.level, finding.code) == ("warning", "driver_cannot_stream")
        assert "501 (streaming_not_supported)" in finding.message

    def test_each_is_looked_at_and_those_that_cannot_be_built_are_left_to_the_checks(self) -> None:
        with configured(default={"BACKEND": DEMO}, wrong=WRONG, other={"BACKEND": DEMO}):
            assert self.look() == [("note", "driver_is_demo")] * 2

    def test_nobody_is_asked(self) -> None:
        with fake_driver("yes") as driver:
            self.look()
        assert driver.calls == []


class PriceTests(CoreTestCase):
    def look(self, **settings: Any) -> list[tuple[str, str]]:
        usual = {"DRIVERS": {"default": {"BACKEND": DEMO}}, "CHAT": {"COST_BUDGET": "5.00/d"}}
        site = override_settings(MINDWAVE=usual | settings)
        with site, fake_driver("yes") as driver:
            found = [*models.look_at_prices()]
        assert driver.calls == []
        return [(finding.level.value, finding.code) for finding in found]

    def test_nobody_knows_it(self) -> None:
        assert self.look() == [("warning", "price_missing")]

    def test_the_site_knows_it(self) -> None:
        prices = {"fake-*": {"input": 1, "output": 2}}
        assert self.look(PRICING=prices) == [("ok", "price")]

    def test_nobody_needs_it(self) -> None:
        assert self.look(CHAT={}) == []
        with override_settings(RATELIMIT_FAIL_OPEN=True):
            assert self.look() == []


@configured(default={"BACKEND": DEMO})
class CallTests(CoreTestCase):
    def call(self, *steps: Any) -> Finding:
        with fake_driver(*steps) as driver:
            (finding,) = call_drivers()
        assert driver.closed == 1
        return finding

    def test_answers(self) -> None:
        finding = self.call("yes", Gate())  # the rest is not waited for
        assert (finding.level, finding.code) == ("ok", "call")
        self.assertRegex(
            finding.message, r"^Driver 'default' answered one token after \d\.\d\d s\.$"
        )

    def test_one_token_is_asked_for(self) -> None:
        with fake_driver("yes") as driver:
            list(call_drivers())
        (call,) = driver.calls
        assert call.options == {"max_tokens": 1}

    def test_driver_without_that_option(self) -> None:
        with configured(default={"BACKEND": f"{__name__}.WithoutOptions"}):
            (finding,) = call_drivers()
        assert finding.code == "call"

    def test_empty_answer(self) -> None:
        finding = self.call(Finished())
        assert (finding.level, finding.code) == ("ok", "call")
        assert "answered nothing, and ended properly" in finding.message

    def test_answer_that_breaks_off_before_it_begins(self) -> None:
        class Silent(FakeDriver):
            async def stream(
                self, messages: Sequence[Message], **options: Any
            ) -> AsyncGenerator[DriverEvent, None]:
                for event in ():
                    yield event

        with fake_driver(backend=Silent):
            (finding,) = call_drivers()
        assert (finding.level, finding.code) == ("error", "provider_connection_lost")

    def test_our_own_errors(self) -> None:
        for error in (
            ProviderAuthenticationError,
            ProviderUnavailable,
            ProviderRejected,
            ProviderQuotaExceeded,
            ProviderRateLimited,
            ProviderProtocolError,
            GenerationTimeout,
        ):
            finding = self.call(error("HTTP 401", detail=f"Bad key {KEY}"))
            with self.subTest(error.__name__):
                assert (finding.level, finding.code) == ("error", error.code)
                assert finding.layer == "driver default"
                assert f"failed: {error.__name__}: HTTP 401" in finding.message
                assert finding.hint == models.HINTS[error.code]
                assert KEY not in str(finding)

    def test_every_hint_belongs_to_an_error(self) -> None:
        codes = {error.code for error in DriverError.__subclasses__()}
        assert models.HINTS.keys() <= codes

    def test_words_of_a_provider_come_without_keys(self) -> None:
        with override_settings(MINDWAVE={"LOG_CONTENT": True}):
            finding = self.call(ProviderRejected("HTTP 400", detail=f"Bad key {KEY}!"))
        assert "(Bad key <key>!)" in finding.message
        assert KEY not in str(finding)

    def test_errors_of_others(self) -> None:
        for content in (False, True):
            with override_settings(MINDWAVE={"LOG_CONTENT": content}):
                finding = self.call(TooMuchAsked(f"Bad key {KEY}"))
            assert (finding.level, finding.code) == ("error", "driver_failed")
            assert finding.message == "Driver 'default' was asked and failed: TooMuchAsked"
            assert KEY not in str(finding)

    def test_no_generator(self) -> None:
        with configured(default={"BACKEND": f"{__name__}.NoGenerator"}):
            (finding,) = call_drivers()
        assert (finding.level, finding.code) == ("error", "driver_failed")
        assert KEY not in str(finding)

    def test_hangs(self) -> None:
        with mock.patch.object(models, "CALL_LIMIT", 0.05):
            finding = self.call(Gate(), "too late")
        assert (finding.level, finding.code) == ("error", "timeout")
        assert finding.message == ("Driver 'default' was asked and failed: nothing came in 0.05 s")
        assert finding.hint == models.HINTS["timeout"]

    def test_each_is_asked_whatever_the_others_do(self) -> None:
        with (
            configured(default={"BACKEND": DEMO}, wrong=WRONG, other={"BACKEND": DEMO}),
            fake_driver(LookupError(), alias="default"),
            fake_driver("yes", alias="other"),
        ):
            found = [finding.code for finding in call_drivers()]
        assert found == ["driver_failed", "driver_not_built", "call"]

    def test_they_are_told_as_they_come(self) -> None:
        with (
            configured(default={"BACKEND": DEMO}, other={"BACKEND": DEMO}),
            fake_driver("yes"),
            fake_driver("yes", alias="other") as other,
        ):
            found = iter(call_drivers())
            assert next(found).code == "call"
            assert other.calls == []


class TokenizerTests(CoreTestCase):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        expected = hashlib.sha256(b"of a vocabulary").hexdigest()
        files = {"one": ("file-one", expected), "two": ("file-two", expected)}
        for patch in (
            mock.patch.object(tokens, "VOCABULARY_FILES", files),
            mock.patch.object(tokens, "_whole", set()),
            mock.patch.dict(os.environ, {"TIKTOKEN_CACHE_DIR": folder.name}),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def look(self) -> Finding:
        (finding,) = look_at_tokenizer()
        return finding

    def test_missing(self) -> None:
        finding = self.look()
        assert (finding.level, finding.code) == ("note", "tokenizer_missing")
        assert "(one, two)" in finding.message
        assert finding.hint == "python manage.py mindwave_tokenizer"

    def test_one_missing(self) -> None:
        (self.folder / "file-one").write_bytes(b"of a vocabulary")
        assert "(two)" in self.look().message

    def test_at_hand(self) -> None:
        for name in ("file-one", "file-two"):
            (self.folder / name).write_bytes(b"of a vocabulary")
        assert (self.look().level, self.look().code) == ("ok", "tokenizer")

    def test_cannot_be_read(self) -> None:
        (self.folder / "file-one").write_bytes(b"of a vocabulary")
        with mock.patch.object(Path, "read_bytes", side_effect=PermissionError):
            assert self.look().code == "tokenizer_missing"
