"""Awkward texts, from a server nobody here wrote, to readers nobody here wrote."""

from __future__ import annotations

import subprocess
from typing import ClassVar
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
from tests.support.texts import TEXTS, fixtures


@tag("machine")
class Texts:
    """Each text through `curl` and through `httpx-sse`."""

    server_name: ClassVar[str]
    upstream: ClassVar[AIMock]
    server: ClassVar[Server]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.upstream = cls.enterClassContext(aimock(*fixtures()))
        env = {
            "OPENAI_BASE_URL": cls.upstream.url,
            "OPENAI_API_KEY": "unused",
            # One reader after the other may be quicker than the ends of their answers.
            "DJANGO_SETTINGS_MODULE": "tests.support.settings_chat",
            "CHAT_OPTIONS": '{"MAX_STREAMS_PER_OWNER": null}',
            "STREAMING_OPTIONS": '{"HEARTBEAT_INTERVAL": 15}',
        }
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
