"""Driver and stream against an OpenAI-compatible server that nobody here wrote."""

from __future__ import annotations

from django.test import TestCase

from chat.models import ChatMessage
from mindwave_django.events import ReasoningDelta, Usage
from mindwave_django.exceptions import ProviderConnectionLost, ProviderRateLimited
from mindwave_django.messages import as_messages
from mindwave_django.testing import ServerSentEvent, parse_events, text_of
from tests.drivers.asking import KEY, ask, ending, joined, openai_driver
from tests.drivers.test_faults import asking
from tests.support.aimock import AIMock, aimock

EMOJI = "Zoë 👩‍👩‍👧 says: 🌍🌍 — naïve\n\n  ```py\nx = '🙂'\n```\n"
ABC = "abcdefghijklmnopqrstuvwxyz"
LIMIT = {"message": "slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"}
COUNTED = {"prompt_tokens": 7, "completion_tokens": 3}

FIXTURES = (
    {"match": {"userMessage": "emoji"}, "response": {"content": EMOJI}, "chunkSize": 2},
    {
        "match": {"userMessage": "truncate"},
        "response": {"content": ABC},
        "chunkSize": 2,
        "latency": 20,  # or nothing would be on the way yet
        "truncateAfterChunks": 4,
    },
    {
        "match": {"userMessage": "disconnect"},
        "response": {"content": ABC},
        "chunkSize": 1,
        "latency": 40,
        "disconnectAfterMs": 300,
    },
    {"match": {"userMessage": "limit"}, "response": {"error": LIMIT, "status": 429}},
    {
        "match": {"userMessage": "think"},
        "response": {"content": "So: yes", "reasoning": "Well 🤔 hm"},
        "chunkSize": 2,
    },
    {
        "match": {"userMessage": "count"},
        "response": {"content": "abc", "usage": COUNTED, "finishReason": "length"},
    },
)


class AIMockTestCase(TestCase):
    server: AIMock

    @classmethod
    def setUpClass(cls) -> None:
        # First of all: it may skip the class, and then nobody would end what Django has begun.
        cls.server = cls.enterClassContext(aimock(*FIXTURES))
        super().setUpClass()

    def setUp(self) -> None:
        self.driver = openai_driver(self.server.url)


class DriverTests(AIMockTestCase):
    async def test_request_arrives_where_it_should(self) -> None:
        await ask(self.driver, "count")
        request = self.server.requests[-1]
        assert request["path"] == "/v1/chat/completions"
        assert request["method"] == "POST"
        assert request["body"]["messages"] == [{"role": "user", "content": "count"}]

    async def test_reasoning(self) -> None:
        events = await ask(self.driver, "think")
        thoughts = [event.text for event in events if isinstance(event, ReasoningDelta)]
        # The server cuts emoji in halves; whole characters are made of them further on.
        assert _whole("".join(thoughts)) == "Well 🤔 hm"
        assert joined(events) == "So: yes"

    async def test_usage_and_finish_reason(self) -> None:
        finished = ending(await ask(self.driver, "count"))
        assert finished.usage == Usage(7, 3)
        assert finished.reason == "length"
        assert finished.model == "gpt-4.1-mini"
        assert finished.response_id.startswith("chatcmpl-")

    async def test_truncated(self) -> None:
        said = ""
        with self.assertRaises(ProviderConnectionLost):
            async for event in self.driver.stream(as_messages("truncate")):
                said += joined([event])
        assert said
        assert ABC.startswith(said)

    async def test_rate_limited(self) -> None:
        with self.assertRaises(ProviderRateLimited) as caught:
            await ask(self.driver, "limit")
        assert caught.exception.retry_after == 1
        assert caught.exception.detail == "slow down"


class StreamTests(AIMockTestCase):
    def events(self, prompt: str) -> list[ServerSentEvent]:
        with asking(self.server.url):
            response = self.client.get("/api/chat/stream", {"prompt": prompt})
            body = response.getvalue()
        assert KEY.encode() not in body
        return parse_events(body)

    def saved(self) -> ChatMessage:
        return ChatMessage.objects.latest("pk")

    def test_text_is_exact_though_emoji_are_cut_in_halves(self) -> None:
        events = self.events("emoji")
        assert text_of(events) == EMOJI
        assert events[-1].event == "done"
        assert self.saved().answer == EMOJI

    def test_reasoning_is_exact_and_apart(self) -> None:
        events = self.events("think")
        assert text_of(events) == "So: yes"
        thoughts = [event.data for event in events if event.event == "reasoning"]
        assert "".join(thoughts) == "Well 🤔 hm"

    def test_broken_off(self) -> None:
        for prompt in ("truncate", "disconnect"):
            with self.subTest(prompt):
                events = self.events(prompt)
                assert events[-1].json()["code"] == "provider_connection_lost"
                assert text_of(events)
                assert len(text_of(events)) < len(ABC)
                assert ABC.startswith(text_of(events))
                assert self.saved().answer == text_of(events)

    def test_rate_limited(self) -> None:
        (_, failed) = self.events("limit")
        told = failed.json()
        assert (told["code"], told["retry_after"]) == ("provider_rate_limited", 1)

    def test_usage_is_the_servers(self) -> None:
        self.events("count")
        assert self.saved().output_tokens == 3


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16")
