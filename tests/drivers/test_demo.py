"""The demo driver: it fits, it is Markdown, and it needs nobody."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from unittest import mock

from django.test import SimpleTestCase

from mindwave_django.drivers.demo import DemoDriver
from mindwave_django.drivers.demo_answers import (
    ANSWERS,
    HELLO,
    OPENAI,
    OTHER,
    RESUME,
    SAVE,
    VIEW,
    answer_to,
)
from mindwave_django.events import UsageSource
from tests.drivers.asking import ask, ending, joined

PROMPTS = {
    "hello": HELLO,
    "Hi!": HELLO,
    "Who are you?": HELLO,
    "How do I stream an answer from my own view?": VIEW,
    "What are Server-Sent Events?": VIEW,
    "How do I connect OpenAI, or a model on my own machine?": OPENAI,
    "Where does the API key go?": OPENAI,
    "Does it work with Ollama?": OPENAI,
    "What happens when the connection breaks?": RESUME,
    "Do I pay twice?": RESUME,
    "How do I save answers?": SAVE,
    "Which signal is sent?": SAVE,
    "What is the weather like?": OTHER,
    "": OTHER,
}


def demo(**options: Any) -> DemoDriver:
    return DemoDriver(**{"tokens_per_second": 0, "delay": 0} | options)


class AnswerTests(SimpleTestCase):
    def test_answer_fits_the_prompt(self) -> None:
        for prompt, answer in PROMPTS.items():
            with self.subTest(prompt):
                assert answer_to(prompt) == answer

    def test_what_the_greeting_proposes_is_known(self) -> None:
        proposals = re.findall(r"^- (.+\?)$", HELLO, re.MULTILINE)
        assert len(proposals) == 4
        for proposal in proposals:
            with self.subTest(proposal):
                assert answer_to(proposal) not in {HELLO, OTHER}

    def test_answers_are_well_formed_markdown(self) -> None:
        for answer in (*(text for _, text in ANSWERS), OTHER):
            with self.subTest(answer[:30]):
                outside = "".join(re.split(r"^```\w*\n(?:.*\n)*?```$", answer, flags=re.MULTILINE))
                assert "```" not in outside
                assert outside.count("**") % 2 == 0
                assert outside.count("`") % 2 == 0
                assert answer.endswith("\n")
                assert "\r" not in answer

    def test_rows_of_tables_are_of_one_length(self) -> None:
        for _, answer in ANSWERS:
            rows = [line for line in answer.splitlines() if line.startswith("|")]
            assert len({row.count("|") for row in rows}) <= 1


class StreamTests(SimpleTestCase):
    async def test_pieces_are_the_answer(self) -> None:
        for prompt, answer in PROMPTS.items():
            with self.subTest(prompt):
                events = await ask(demo(), prompt)
                assert joined(events) == answer
                assert len(events) > 20

    async def test_last_message_counts(self) -> None:
        talk = [
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": HELLO},
            {"role": "user", "content": "How do I save answers?"},
        ]
        assert joined(await ask(demo(), talk)) == SAVE

    async def test_usage_counts_pieces(self) -> None:
        events = await ask(demo(), "How do I save answers?")
        usage = ending(events).usage
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens) == (5, len(events) - 1)
        assert usage.source is UsageSource.REPORTED

    async def test_max_tokens_cuts_the_answer(self) -> None:
        events = await ask(demo(), "hello", max_tokens=3)
        assert len(events) == 4
        assert HELLO.startswith(joined(events))
        finished = ending(events)
        assert finished.reason == "length"
        assert finished.usage is not None
        assert finished.usage.output_tokens == 3

    async def test_max_tokens_larger_than_the_answer(self) -> None:
        assert ending(await ask(demo(), "hello", max_tokens=10_000)).reason == "stop"

    async def test_model_is_named(self) -> None:
        assert ending(await ask(demo())).model == "mindwave-demo"
        assert ending(await ask(demo(model="mine"))).model == "mine"
        assert ending(await ask(demo(), model="asked-for")).model == "asked-for"

    async def test_options_of_other_drivers_are_ignored(self) -> None:
        driver = demo()
        driver.require_options({"temperature": 1, "top_p": 1})
        assert joined(await ask(driver, "hello", temperature=1, top_p=1)) == HELLO


class PaceTests(SimpleTestCase):
    async def pauses(self, driver: DemoDriver) -> list[float]:
        with mock.patch.object(asyncio, "sleep", mock.AsyncMock()) as sleep:
            await ask(driver, "hello")
        return [call.args[0] for call in sleep.call_args_list]

    async def test_no_pause_if_both_are_zero(self) -> None:
        assert set(await self.pauses(demo())) == {0}

    async def test_pace_and_delay(self) -> None:
        first, *others = await self.pauses(DemoDriver(tokens_per_second=50, delay=2))
        assert first == 2
        assert set(others) == {1 / 50}

    async def test_pauses_by_default(self) -> None:
        assert min(await self.pauses(DemoDriver())) > 0


class OfflineTests(SimpleTestCase):
    async def test_no_connection_is_made(self) -> None:
        refused = AssertionError("The demo driver wants to use the network.")
        names = ("connect", "connect_ex", "sendto", "bind")
        for name in names:
            patch = mock.patch(f"socket.socket.{name}", side_effect=refused, create=True)
            self.enterContext(patch)
        self.enterContext(mock.patch("socket.getaddrinfo", side_effect=refused))
        assert joined(await ask(demo(), "hello")) == HELLO
