"""What leaves when something goes wrong: our own words, and never a key, a prompt or a path."""

from __future__ import annotations

import json
from typing import Any

from django.test import TestCase, override_settings

from mindwave_django.events import Outcome, Usage
from mindwave_django.exceptions import MindwaveError, _tree
from mindwave_django.messages import Message, Role
from mindwave_django.signals import StreamEnded, StreamStarted, TokenStreamed
from mindwave_django.streaming.call import Call
from mindwave_django.streaming.failure import without_keys
from mindwave_django.testing import FakeDriver, fake_driver
from tests.asking import BOTH
from tests.chat.asking import CONVERSATIONS, MESSAGES, WithChat
from tests.clients import WithAsyncClient

KEY, PROMPT, PATH = "sk-proj-abcdefgh12345678", "my-secret-question", "/srv/site/secret.py"
CAUSE = f"Bad key {KEY} for {PROMPT!r} in {PATH}"
SECRETS = (KEY, PROMPT, PATH, "Traceback", "LookupError", "Bad key")


def failures() -> list[Exception]:
    """Return an error of every kind, with secrets wherever an error takes some."""
    ours = [error(CAUSE, detail=CAUSE) for error in _tree(MindwaveError)]
    return [*ours, LookupError(CAUSE), UnicodeDecodeError("utf-8", KEY.encode(), 0, 1, PATH)]


class ResponseTests(WithChat, TestCase):
    def assert_clean(self, body: bytes) -> None:
        found = [secret for secret in SECRETS if secret in body.decode()]
        assert not found, (found, body)

    @override_settings(
        MINDWAVE={
            "CHAT": {"ACCESS": "mindwave_django.access.anyone", "MAX_STREAMS_PER_OWNER": None}
        }
    )
    def test_failures_of_drivers(self) -> None:
        for failure in failures():
            with (
                self.subTest(type(failure).__name__),
                fake_driver("Some", failure),
                self.assertLogs("mindwave_django"),
            ):
                for path in BOTH:
                    self.assert_clean(self.ask(path, {"prompt": PROMPT}).body)
                posted = self.post(PROMPT).json
                self.assert_clean(self.read(posted).body)
                said = self.conversation(posted)["messages"][1]["error"]
                self.assert_clean(json.dumps(said).encode())

    def test_refusals(self) -> None:
        for path in (*BOTH, MESSAGES):
            for body in (f'{{"prompt": "{PROMPT}"', f'{{"prompt": ["{PROMPT}"]}}', PROMPT):
                refused = self.ask(path, body, method="post", content_type="application/json")
                assert refused.status == 400
                self.assert_clean(refused.body)
        for path in (f"{CONVERSATIONS}?before={PROMPT}", f"{MESSAGES}{PROMPT}/stream/"):
            self.assert_clean(self.ask(path).body)


class AsyncResponseTests(WithAsyncClient, ResponseTests):
    pass


class ReprTests(TestCase):
    def test_nothing_said_and_no_option_is_in_a_repr(self) -> None:
        message = Message(Role.USER, PROMPT)
        driver = (
            FakeDriver(api_key=KEY) if "api_key" in FakeDriver.__init__.__annotations__ else None
        )
        call = Call(driver or FakeDriver(), (message,), {}, {})
        common: dict[str, Any] = {
            "stream_id": "abc",
            "prompt": PROMPT,
            "messages": (message,),
            "owner": "u:1",
            "user": None,
            "driver": "default",
            "model": "m",
            "options": {"api_key": KEY},
            "started_at": 1.0,
            "trace_id": None,
            "span_id": None,
            "context": {},
        }
        ended = {
            "text": PROMPT,
            "reasoning": PROMPT,
            "outcome": Outcome.COMPLETED,
            "code": "",
            "reason": None,
            "finish_reason": "stop",
            "usage": Usage(1, 2),
            "cost": None,
            "response_id": "",
            "first_token_at": None,
            "ended_at": 2.0,
        }
        token = TokenStreamed(PROMPT, 1, None, None, 1, 1, {}, False, "abc", {})
        shown = [message, call, StreamStarted(**common), StreamEnded(**common, **ended), token]
        for each in shown:
            with self.subTest(type(each).__name__):
                assert PROMPT not in repr(each)
                assert KEY not in repr(each)
        assert repr(message) == "Message(role='user', content=<18 characters>)"

    def test_what_looks_like_a_key(self) -> None:
        for key in (KEY, "gsk_" + "a" * 20, "xai-" + "b" * 12, "AIza" + "c" * 30, f"Bearer {KEY}"):
            assert key not in without_keys(f"Refused: {key}.")
        for text in ("ask-me", "a risk-free-offer", "the bearer of news", "task-12345678"):
            assert without_keys(text) == text, text
