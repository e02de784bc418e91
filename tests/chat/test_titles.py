"""What conversations are called, and who may find a better name."""

from __future__ import annotations

from django.test import SimpleTestCase, TestCase

from mindwave_django.models import Conversation
from mindwave_django.testing import fake_driver
from mindwave_django.titles import FIRST_WORDS_LENGTH, first_words
from tests.asking import chat
from tests.chat.asking import WithChat
from tests.clients import WithAsyncClient


def shout(prompt: str, answer: str) -> str:
    return f"  {prompt.upper()}\n{answer}  "


async def whisper(prompt: str, answer: str) -> str:
    return f"{prompt} {answer}".lower()


def fail(prompt: str, answer: str) -> str:
    raise RuntimeError(prompt)


def say_nothing(prompt: str, answer: str) -> str:
    return " "


class FirstWordsTests(SimpleTestCase):
    def test_short_prompt_is_the_title(self) -> None:
        assert first_words("What is SSE?") == "What is SSE?"

    def test_one_line(self) -> None:
        assert first_words("  One\n\n two\tthree ") == "One two three"

    def test_whole_words(self) -> None:
        title = first_words("word " * 40)
        assert title == "word " * 11 + "word…"
        assert len(title) <= FIRST_WORDS_LENGTH + 1

    def test_exactly_as_long_as_allowed(self) -> None:
        prompt = "x" * FIRST_WORDS_LENGTH
        assert first_words(prompt) == prompt

    def test_one_very_long_word(self) -> None:
        title = first_words("y" * 400)
        assert title == "y" * (FIRST_WORDS_LENGTH - 1) + "…"


class HookTests(WithChat, TestCase):
    def title_by(self, hook: object) -> str:
        with chat(TITLE=hook), fake_driver("Hello"):
            posted = self.ask_in(prompt="Why?")
            self.read(posted)
            Conversation.objects.get()
            self.read(self.ask_in(posted["conversation"]["id"], "And then?"))
        return Conversation.objects.get().title

    def test_without_a_hook(self) -> None:
        assert self.title_by(None) == "Why?"

    def test_sync_hook_by_its_path(self) -> None:
        assert self.title_by("tests.chat.test_titles.shout") == "WHY? Hello"

    def test_async_hook(self) -> None:
        assert self.title_by(whisper) == "why? hello"

    def test_long_title_is_cut(self) -> None:
        assert self.title_by(lambda prompt, answer: "x" * 500) == "x" * 200

    def test_hook_that_says_nothing(self) -> None:
        assert self.title_by(say_nothing) == "Why?"

    def test_hook_that_fails_is_logged_without_the_prompt(self) -> None:
        with self.assertLogs("mindwave_django", "ERROR") as logs:
            assert self.title_by(fail) == "Why?"
        assert "CHAT['TITLE'] failed: RuntimeError" in logs.output[0]
        assert "Why?" not in logs.output[0]

    def test_title_of_a_person_is_kept(self) -> None:
        with chat(TITLE=shout), fake_driver("Hello"):
            posted = self.ask_in(prompt="Why?")
            Conversation.objects.update(title="Mine")
            self.read(posted)
        assert Conversation.objects.get().title == "Mine"


class AsyncHookTests(WithAsyncClient, HookTests):
    pass
