"""Awkward texts, from a server nobody here wrote, to readers nobody here wrote."""

from __future__ import annotations

import subprocess
from typing import Any, ClassVar
from urllib.parse import urlencode

import httpx
from django.test import SimpleTestCase, tag
from httpx_sse import connect_sse

from mindwave_django.testing import ServerSentEvent, parse_events, text_of
from tests.servers.base import SHIPPED
from tests.servers.client import LIMIT
from tests.support.aimock import AIMock, aimock
from tests.support.processes import require
from tests.support.servers import Server, serving

EMOJI = "👩‍🚀🧑🏽‍💻 and 🇪🇺!"
LONG = "".join(f"{number:>7} — {number * 7919:x}\n" for number in range(20_000))[:200_000]
assert len(LONG) == 200_000

# prompt → what the model says, in pieces of how many UTF-16 units, and what readers get.
TEXTS: dict[str, tuple[str, int, str]] = {
    "newlines": ("\none\n\n\ntwo\n", 1, "\none\n\n\ntwo\n"),
    "leading-spaces": ("  two\n   three\n\n one", 2, "  two\n   three\n\n one"),
    "carriage-returns": ("one\rtwo\r\nthree\r\n\r\nfour\r", 1, "one\ntwo\nthree\n\nfour\n"),
    "line-separators": (
        "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
        3,
        "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    ),
    "nul": ("a\0b\0", 2, "a\ufffdb\ufffd"),
    "emoji": (EMOJI, 1, EMOJI),
    "emoji-in-pairs": ("x" + EMOJI, 2, "x" + EMOJI),
    "fields": ("data: x\n\nevent: done\nid: 7\n: no\n", 4, "data: x\n\nevent: done\nid: 7\n: no\n"),
    "long": (LONG, 997, LONG),
    "empty": ("", 5, ""),
}


def _fixture(prompt: str) -> dict[str, Any]:
    said, size, _ = TEXTS[prompt]
    return {
        "match": {"userMessage": prompt},
        "response": {"content": said},
        "chunkSize": size,
        "latency": 0,
    }


@tag("machine")
class Texts:
    """Each text through `curl` and through `httpx-sse`."""

    server_name: ClassVar[str]
    upstream: ClassVar[AIMock]
    server: ClassVar[Server]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # The first fixture whose text the prompt contains is taken: the longest ones first.
        prompts = sorted(TEXTS, key=len, reverse=True)
        cls.upstream = cls.enterClassContext(aimock(*map(_fixture, prompts)))
        env = {"OPENAI_BASE_URL": cls.upstream.url, "OPENAI_API_KEY": "unused"}
        cls.server = cls.enterClassContext(serving(cls.server_name, env))

    def test_texts_through_curl(self) -> None:
        curl = require("curl", "apt-get install curl")
        for prompt, (_, _, expected) in TEXTS.items():
            with self.subTest(prompt):
                command = [
                    curl,
                    "-sN",
                    "--noproxy",
                    "*",
                    "--max-time",
                    str(LIMIT),
                    self.url(prompt),
                ]
                body = subprocess.run(command, capture_output=True, check=True).stdout
                self.assert_whole(parse_events(body), expected)

    def test_texts_through_httpx_sse(self) -> None:
        with httpx.Client(timeout=LIMIT, trust_env=False) as client:
            for prompt, (_, _, expected) in TEXTS.items():
                with (
                    self.subTest(prompt),
                    connect_sse(client, "GET", self.url(prompt)) as source,
                ):
                    events = [ServerSentEvent(e.event, e.data, e.id) for e in source.iter_sse()]
                    self.assert_whole(events, expected)

    def url(self, prompt: str) -> str:
        return f"{self.server.url}{SHIPPED}?{urlencode({'prompt': prompt})}"

    def assert_whole(self, events: list[ServerSentEvent], expected: str) -> None:
        assert text_of(events) == expected
        names = [event.event for event in events]
        assert (names[0], names[-1]) == ("start", "done")
        assert set(names[1:-1]) == ({"message"} if expected else set())
        assert events[-1].json() == {"status": "complete"}


class UvicornTests(Texts, SimpleTestCase):
    server_name = "uvicorn"


class GunicornGthreadTests(Texts, SimpleTestCase):
    server_name = "gunicorn-gthread"
