"""The OpenAI driver's client: keys, retries, connections, and what it costs to have one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from unittest import mock

import openai
from django.core.checks import Warning as CheckWarning
from django.test import SimpleTestCase, tag

from mindwave_django.drivers.openai import OpenAIDriver
from mindwave_django.events import TextDelta
from mindwave_django.exceptions import (
    GenerationTimeout,
    ProviderAuthenticationError,
    ProviderConnectionLost,
    ProviderUnavailable,
)
from mindwave_django.messages import as_messages
from mindwave_django.testing import Gate
from tests.drivers.asking import KEY, ask, joined, openai_driver, without_openai_variables
from tests.drivers.raw_upstream import KeepAliveUpstream, SilentUpstream
from tests.support.upstream import Hang, Reset, Status, Upstream, finish, text

IMPATIENT = {"first_token_timeout": 0.2, "idle_timeout": 0.2}
AT_ONCE = (("Content-Type", "application/json"), ("retry-after-ms", "1"))


class KeyTests(SimpleTestCase):
    def setUp(self) -> None:
        self.enterContext(without_openai_variables())

    async def test_no_key_is_said_clearly_every_time(self) -> None:
        driver = OpenAIDriver()
        for _ in range(2):
            with self.assertRaises(ProviderAuthenticationError) as caught:
                await ask(driver)
            assert str(caught.exception) == (
                "There is no API key: neither OPTIONS['api_key'] nor OPENAI_API_KEY is set."
            )

    async def test_another_failure_to_build_is_not_taken_for_a_missing_key(self) -> None:
        broken = mock.patch("openai.AsyncOpenAI", side_effect=OSError("no certificates"))
        with broken, self.assertRaisesMessage(OSError, "no certificates"):
            await ask(openai_driver("http://127.0.0.1/v1"))

    def test_key_that_fits_into_no_header_is_refused_and_not_repeated(self) -> None:
        for key in (f"{KEY}\n", f"{KEY}é"):
            with self.subTest(key), self.assertRaises(ValueError) as caught:
                OpenAIDriver(api_key=key)
            assert str(caught.exception) == (
                "api_key should be one line of ASCII; perhaps a line end came with it."
            )

    async def test_such_a_key_in_the_environment_is_said_by_the_check_and_by_the_call(self) -> None:
        for key in (f"{KEY}\n", f"{KEY}é"):
            with self.subTest(key), without_openai_variables(OPENAI_API_KEY=key):
                driver = OpenAIDriver()
                (found,) = driver.check("there")
                assert found.id == "mindwave.W001"
                with self.assertRaisesMessage(ProviderAuthenticationError, found.msg) as caught:
                    await ask(driver)
                assert KEY not in f"{found}{caught.exception}"

    def test_key_that_is_no_text_is_left_to_the_client(self) -> None:
        assert list(OpenAIDriver(api_key=lambda: KEY).check("there")) == []  # type: ignore[arg-type]

    def test_repr_holds_no_option(self) -> None:
        assert repr(OpenAIDriver("chat", api_key=KEY, model="m")) == "<OpenAIDriver 'chat'>"

    def test_check_warns_about_a_missing_key(self) -> None:
        assert list(OpenAIDriver().check("MINDWAVE['DRIVERS']['default']")) == [
            CheckWarning(
                "MINDWAVE['DRIVERS']['default'] has no 'api_key', and OPENAI_API_KEY is not set.",
                hint="Set it in OPTIONS, or name your own server by 'base_url'.",
                id="mindwave.W001",
            )
        ]

    def test_check_is_content_with_a_key_or_an_own_server(self) -> None:
        assert list(OpenAIDriver(api_key=KEY).check("there")) == []
        assert list(OpenAIDriver(base_url="http://127.0.0.1/v1").check("there")) == []
        with without_openai_variables(OPENAI_API_KEY=KEY):
            assert list(OpenAIDriver().check("there")) == []


class RetryTests(SimpleTestCase):
    def setUp(self) -> None:
        self.upstream = self.enterContext(Upstream())

    async def test_asked_again_as_often_as_max_retries_says(self) -> None:
        for status in (429, 500, 503):
            for max_retries in (0, 1, 2):
                with self.subTest(status, max_retries=max_retries), Upstream() as upstream:
                    for _ in range(max_retries):
                        upstream.serve(Status(status, headers=AT_ONCE))
                    upstream.serve(text("ok"), finish())
                    driver = openai_driver(upstream.url, max_retries=max_retries)
                    assert joined(await ask(driver)) == "ok"
                    assert len(upstream.requests) == max_retries + 1

    async def test_gives_up_after_max_retries(self) -> None:
        self.upstream.serve(Status(500, headers=AT_ONCE))
        with self.assertRaises(ProviderUnavailable):
            await ask(openai_driver(self.upstream.url, max_retries=1))
        assert len(self.upstream.requests) == 2

    async def test_answer_that_has_begun_is_not_asked_for_again(self) -> None:
        self.upstream.serve(text("Hel"), Reset())
        with self.assertRaises(ProviderConnectionLost):
            await ask(openai_driver(self.upstream.url, max_retries=2))
        assert len(self.upstream.requests) == 1


class ConnectionTests(SimpleTestCase):
    async def test_more_streams_at_once_than_a_usual_pool_has_connections(self) -> None:
        many, gate = 120, Gate()
        with Upstream() as upstream:
            upstream.serve(text("a"), gate, finish())
            driver = openai_driver(upstream.url)
            answers = [asyncio.create_task(ask(driver)) for _ in range(many)]
            try:
                await asyncio.to_thread(upstream.wait_until, lambda: upstream.open_streams == many)
            finally:
                gate.open()
                texts = [joined(events) for events in await asyncio.gather(*answers)]
        assert texts == ["a"] * many

    async def test_connection_is_used_again(self) -> None:
        with KeepAliveUpstream() as upstream:
            driver = openai_driver(upstream.url)
            assert [joined(await ask(driver)) for _ in range(3)] == ["Hi"] * 3
            assert upstream.connections == 1

    async def test_silence_before_the_head_of_the_answer(self) -> None:
        with SilentUpstream() as upstream:
            driver = openai_driver(upstream.url, **IMPATIENT)
            with self.assertRaisesMessage(GenerationTimeout, "was silent for too long"):
                await ask(driver)

    async def test_silence_in_the_middle(self) -> None:
        with Upstream() as upstream:
            upstream.serve(text("a"), Hang())
            events = openai_driver(upstream.url, **IMPATIENT).stream(as_messages("Hi"))
            assert await anext(events) == TextDelta("a")
            with self.assertRaisesMessage(GenerationTimeout, "was silent for too long"):
                await anext(events)


class StartTests(SimpleTestCase):
    async def test_warm_builds_the_client_that_is_used_then(self) -> None:
        built = mock.patch("openai.AsyncOpenAI", wraps=openai.AsyncOpenAI)
        with Upstream() as upstream, built as build:
            upstream.serve(text("ok"), finish())
            driver = openai_driver(upstream.url)
            await driver.warm()
            assert build.call_count == 1
            assert upstream.requests == []
            assert joined(await ask(driver)) == "ok"
            assert build.call_count == 1

    @tag("machine")
    def test_module_does_not_import_the_package_openai(self) -> None:
        code = (
            "import sys, mindwave_django.drivers.openai as module;"
            "module.OpenAIDriver(api_key='k');"
            "print({'openai', 'httpx2', 'aiohttp'} & set(sys.modules))"
        )
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert found.stdout.strip() == b"set()"
