"""`manage.py mindwave_chat` in a real terminal: what shows, and what the keys do."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from django.test import SimpleTestCase, tag

from mindwave_django.testing import Gate
from tests.management.terminal import CONTROL_C, CONTROL_D, ENTER, Terminal, terminal
from tests.support.upstream import Hang, Status, Step, Upstream, finish, text

GREETING = "gpt-4.1-mini, driver default. Ctrl-C stops an answer, Ctrl-D leaves.\n"
BRACKETED_PASTE = "\x1b[?2004h"  # a terminal that is told this marks what is pasted
HALF = (text("Half"), Hang())
WHOLE = (text("Whole"), finish())


@contextmanager
def chat(*answers: tuple[Step, ...], arguments: tuple[str, ...] = ()) -> Iterator[Terminal]:
    """Talk to a provider that gives these answers, one after the other."""
    with Upstream() as upstream:
        for steps in answers:
            upstream.serve(*steps)
        with terminal("mindwave_chat", *arguments, OPENAI_BASE_URL=upstream.url) as talk:
            talk.upstream = upstream  # type: ignore[attr-defined]
            talk.wait_for("> ")
            yield talk


def said(talk: Terminal, request: int) -> list[tuple[str, str]]:
    """Return role and text of the messages that the provider got with a request."""
    upstream: Upstream = talk.upstream  # type: ignore[attr-defined]
    return [(m["role"], m["content"]) for m in upstream.requests[request].body["messages"]]


@tag("machine")
class TalkingTests(SimpleTestCase):
    def test_answer_shows_word_by_word_and_the_model_knows_what_was_said(self) -> None:
        gate = Gate()
        with chat((text("Seven"), gate, text(" minutes."), finish()), WHOLE) as talk:
            assert talk.screen.startswith(GREETING)
            talk.press("Eggs?", ENTER)
            talk.wait_for("Seven")
            gate.open()
            self.assertEqual(talk.wait_for("> "), " minutes.\n> ")
            talk.press("And hard ones?", ENTER)
            self.assertEqual(talk.wait_for("> "), "And hard ones?\nWhole\n> ")
        assert said(talk, 1) == [
            ("user", "Eggs?"),
            ("assistant", "Seven minutes."),
            ("user", "And hard ones?"),
        ]

    def test_options_reach_the_model(self) -> None:
        arguments = ("--system=Be brief.", "--model=m-1", "--temperature=0.5", "--max-tokens=9")
        with chat(WHOLE, arguments=arguments) as talk:
            assert talk.screen.startswith("m-1, driver default.")
            talk.press("Hi", ENTER)
            talk.wait_for("Whole\n> ")
        body = talk.upstream.requests[0].body  # type: ignore[attr-defined]
        assert (body["model"], body["temperature"], body["max_tokens"]) == ("m-1", 0.5, 9)
        assert said(talk, 0) == [("system", "Be brief."), ("user", "Hi")]

    def test_failure_is_one_sentence_and_the_talk_goes_on(self) -> None:
        with chat((Status(401),), WHOLE) as talk:
            talk.press("Hi", ENTER)
            shown = talk.wait_for("> ")
            sentence = "The model is not available: its access is not set up correctly."
            self.assertEqual(shown, f"Hi\n{sentence}\n> ")
            talk.press("Again", ENTER)
            talk.wait_for("Whole\n> ")
        assert said(talk, 1) == [("user", "Again")]

    def test_terminal_does_not_obey_the_model(self) -> None:
        with chat((text("\x1b]0;Title\x07\x9b2J ok"), finish())) as talk:
            talk.press("Hi", ENTER)
            assert "�]0;Title��2J ok\n" in talk.wait_for("> ")

    def test_empty_lines_ask_nothing(self) -> None:
        with chat(WHOLE) as talk:
            talk.press(ENTER)
            talk.wait_for("> ")
            talk.press("  ", ENTER)
            talk.wait_for("> ")
            talk.press("Hi", ENTER)
            talk.wait_for("Whole\n> ")
            assert len(talk.upstream.requests) == 1  # type: ignore[attr-defined]

    def test_pasted_lines_are_one_question(self) -> None:
        with chat(WHOLE) as talk:
            assert BRACKETED_PASTE in talk.commands
            talk.press("\x1b[200~one\ntwo\x1b[201~", ENTER)
            talk.wait_for("Whole\n> ")
        assert said(talk, 0) == [("user", "one\ntwo")]

    def test_arrow_key_brings_the_line_back(self) -> None:
        with chat(WHOLE) as talk:
            talk.press("Hi", ENTER)
            talk.wait_for("Whole\n> ")
            talk.press("\x1b[A", ENTER)
            talk.wait_for("Whole\n> ")
        assert said(talk, 1)[-1] == ("user", "Hi")


@tag("machine")
class StoppingTests(SimpleTestCase):
    def test_ctrl_c_stops_the_answer_and_keeps_what_came(self) -> None:
        with chat(HALF, WHOLE) as talk:
            talk.press("Hi", ENTER)
            talk.wait_for("Half")
            talk.press(CONTROL_C)
            self.assertEqual(talk.wait_for("> "), "^C\nStopped.\n> ")
            upstream: Upstream = talk.upstream  # type: ignore[attr-defined]
            upstream.wait_until(lambda: upstream.open_streams == 0)
            talk.press("Go on", ENTER)
            talk.wait_for("Whole\n> ")
        assert said(talk, 1) == [("user", "Hi"), ("assistant", "Half"), ("user", "Go on")]

    def test_signal_before_the_first_word(self) -> None:
        with chat((Hang(),), WHOLE) as talk:
            talk.press("Hi", ENTER)
            upstream: Upstream = talk.upstream  # type: ignore[attr-defined]
            upstream.wait_until(lambda: upstream.open_streams == 1)
            os.kill(talk.process.pid, signal.SIGINT)
            self.assertEqual(talk.wait_for("> "), "Hi\nStopped.\n> ")
            upstream.wait_until(lambda: upstream.open_streams == 0)
            talk.press("Again", ENTER)
            talk.wait_for("Whole\n> ")
        assert said(talk, 1) == [("user", "Again")]

    def test_every_answer_can_be_stopped(self) -> None:
        with chat(HALF) as talk:
            for _ in range(3):
                talk.press("Hi", ENTER)
                talk.wait_for("Half")
                talk.press(CONTROL_C)
                talk.wait_for("Stopped.\n> ")
            talk.press(CONTROL_D)
            assert talk.exit_status() == 0


@tag("machine")
class LeavingTests(SimpleTestCase):
    def test_keys_that_leave(self) -> None:
        for key in (CONTROL_C, CONTROL_D):
            with self.subTest(key), chat(WHOLE) as talk:
                talk.press("Hi", ENTER)
                talk.wait_for("Whole\n> ")
                talk.settle()
                talk.press(key)
                assert talk.exit_status() == 0
                assert talk.screen.endswith("\n")
                assert "Traceback" not in talk.screen

    def test_ctrl_c_in_a_line_drops_the_line(self) -> None:
        with chat(WHOLE) as talk:
            talk.press("Half a line")
            talk.wait_for("Half a line")
            talk.settle()
            talk.press(CONTROL_C)
            talk.wait_for("> ")
            talk.press("Hi", ENTER)
            talk.wait_for("Whole\n> ")
        assert said(talk, 0) == [("user", "Hi")]
