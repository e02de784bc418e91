"""`manage.py mindwave_chat`: its parts, in this process."""

from __future__ import annotations

import logging
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any
from unittest import mock

from django.core.management import CommandError, call_command
from django.test import SimpleTestCase, override_settings

from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.management.commands.mindwave_chat import Dialogue
from mindwave_django.management.terminal import as_shown, as_unicode, quiet_logs, read_line
from mindwave_django.messages import Message, Role
from mindwave_django.testing import FakeDriver, fake_driver
from tests.recording import CoreTestCase


class Input(StringIO):
    """What a person types, or a pipe gives."""

    def __init__(self, text: str, *, typed: bool) -> None:
        super().__init__(text)
        self._typed = typed

    def isatty(self) -> bool:
        return self._typed


def chat(text: str, *arguments: str, typed: bool = True, **options: Any) -> tuple[str, str]:
    """Return standard output and standard error of a chat."""
    out, err = StringIO(), StringIO()
    given = mock.patch.object(sys, "stdin", Input(text, typed=typed))
    with given, redirect_stdout(out), redirect_stderr(err):
        call_command("mindwave_chat", *arguments, **options)
    return out.getvalue(), err.getvalue()


class CommandTests(CoreTestCase):
    def test_answers_and_prompts_go_apart(self) -> None:
        with fake_driver("Hello") as driver:
            out, err = chat("Hi\nAgain\n")
        assert out == "Hello\nHello\n"
        note = "fake-model, driver default. Ctrl-C stops an answer, Ctrl-D leaves.\n"
        assert err == f"{note}> > > \n"
        assert [m.content for m in driver.calls[1].messages] == ["Hi", "Hello", "Again"]

    def test_failure_goes_to_standard_error(self) -> None:
        with fake_driver("Half", ProviderUnavailable()):
            out, err = chat("Hi\n")
        assert out == "Half\n"
        assert "> The model is not available right now. Please try again.\n" in err

    def test_failure_in_a_pipe(self) -> None:
        with fake_driver(ProviderUnavailable()), self.assertRaises(CommandError) as caught:
            chat("Hi", typed=False)
        assert str(caught.exception) == "The model is not available right now. Please try again."

    def test_text_that_is_no_unicode(self) -> None:
        with fake_driver("Hello") as driver:
            _, err = chat("\udcff\n")
            with self.assertRaises(CommandError):
                chat("\udcff", typed=False)
        assert "This text is not valid Unicode." in err
        assert driver.calls == []

    def test_system_prompt(self) -> None:
        for arguments, expected in (
            ((), ["Site", "Hi"]),
            (("--system=Mine",), ["Mine", "Hi"]),
            (("--system=",), ["Hi"]),
        ):
            with (
                self.subTest(arguments),
                override_settings(MINDWAVE={"CHAT": {"SYSTEM_PROMPT": "Site"}}),
                fake_driver("Hello") as driver,
            ):
                chat("Hi", *arguments, typed=False)
                assert [m.content for m in driver.calls[0].messages] == expected

    def test_only_what_is_given_becomes_an_option(self) -> None:
        with fake_driver("Hello") as driver:
            chat("Hi", typed=False)
            chat("Hi", "--model=m-1", "--temperature=0", typed=False)
        assert [call.options for call in driver.calls] == [{}, {"model": "m-1", "temperature": 0}]

    def test_option_that_the_driver_does_not_take(self) -> None:
        class Plain(FakeDriver):
            async def stream(self, messages: Any) -> Any:  # type: ignore[override]
                yield

        with fake_driver(backend=Plain), self.assertRaises(CommandError) as caught:
            chat("Hi", "--model=m-1", typed=False)
        assert str(caught.exception).startswith("Plain has no option 'model'.")


class DialogueTests(SimpleTestCase):
    @override_settings(MINDWAVE={"CHAT": {"CONTEXT_WINDOWS": {"tiny": 100}}})
    def test_earliest_turns_are_left_out_when_the_context_is_full(self) -> None:
        dialogue = Dialogue(FakeDriver(model="tiny"), {"max_tokens": 40}, "System")
        for number in range(10):
            dialogue.keep(f"Question {number}", "An answer of some tokens")
        shown = dialogue.messages("Last")
        assert shown[0] == Message(Role.SYSTEM, "System")
        assert shown[-2:] == [
            Message(Role.ASSISTANT, "An answer of some tokens"),
            Message(Role.USER, "Last"),
        ]
        assert shown[1].role is Role.USER
        assert 4 < len(shown) < 12

    def test_question_without_an_answer_is_forgotten(self) -> None:
        dialogue = Dialogue(FakeDriver(), {}, "")
        dialogue.keep("Hi", "")
        assert dialogue.messages("Again") == [Message(Role.USER, "Again")]


class TerminalTests(SimpleTestCase):
    def test_controls(self) -> None:
        assert as_shown("a\tb\nc é 漢 👋") == "a\tb\nc é 漢 👋"
        assert as_shown("\x00\x1b[2J\r\x7f\x9b") == "��[2J���"

    def test_unicode(self) -> None:
        assert as_unicode("é") == "é"
        with self.assertRaises(UnicodeError):
            as_unicode("\udcff")

    def test_prompt_stays_out_of_redirected_output(self) -> None:
        out, err = StringIO(), StringIO()
        given = mock.patch.object(sys, "stdin", Input("Hi\n", typed=True))
        with given, redirect_stdout(out), redirect_stderr(err):
            assert read_line("> ") == "Hi"
            with self.assertRaises(EOFError):
                read_line("> ")
        assert (out.getvalue(), err.getvalue()) == ("", "> > ")

    def test_log_is_kept_off_the_terminal_only(self) -> None:
        err, file = StringIO(), StringIO()
        logger = logging.getLogger()
        with redirect_stderr(err):
            handlers = [logging.StreamHandler(), logging.StreamHandler(file)]
            for handler in handlers:
                logger.addHandler(handler)
                self.addCleanup(logger.removeHandler, handler)
            with quiet_logs():
                logger.error("quiet")
            logger.error("loud")
        assert err.getvalue() == "loud\n"
        assert file.getvalue() == "quiet\nloud\n"
