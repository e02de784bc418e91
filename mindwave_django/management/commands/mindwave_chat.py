"""A conversation in the terminal: `manage.py mindwave_chat`."""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing, nullcontext
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from mindwave_django import llm
from mindwave_django.conf import mindwave_settings
from mindwave_django.drivers import DEFAULT_ALIAS, Driver, drivers
from mindwave_django.exceptions import InvalidRequest, MindwaveError
from mindwave_django.history import context_window, fit
from mindwave_django.management.terminal import (
    as_shown,
    as_unicode,
    edit_lines,
    forget_output,
    quiet_logs,
    read_line,
    typed_so_far,
)
from mindwave_django.messages import Message, Role

PROMPT = "> "
STOPPED_BY_SIGINT = 130  # the exit status that shells use


class Dialogue:
    """What was said so far, and what a model is shown of it."""

    def __init__(self, driver: Driver, options: dict[str, Any], system: str) -> None:
        self.driver = driver
        self.options = options
        self.model: str = options.get("model") or driver.model
        self._system = [Message(Role.SYSTEM, system)] if system else []
        self._turns: list[Message] = []

    def messages(self, question: str) -> list[Message]:
        """Return the messages to send: as many of the latest ones as the model takes."""
        reserved = (
            self.options.get("max_tokens")
            or self.driver.max_tokens
            or mindwave_settings.CHAT.MAX_TOKENS
        )
        return fit(
            self._system,
            reversed(self._turns),
            Message(Role.USER, question),
            model=self.model,
            budget=context_window(self.model) - reserved,
        )

    def keep(self, question: str, answer: str) -> None:
        """Remember a question and as much of its answer as came; nothing if none came."""
        if answer:
            self._turns += [Message(Role.USER, question), Message(Role.ASSISTANT, answer)]


class Command(BaseCommand):
    help = (
        "Talk to a model in the terminal. Ctrl-C stops an answer, Ctrl-D leaves. What is piped in "
        "is one question, and only its answer goes to standard output. -v 2 shows the log."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the driver and its options."""
        parser.add_argument(
            "--driver", default=DEFAULT_ALIAS, metavar="ALIAS", help="of MINDWAVE['DRIVERS']"
        )
        parser.add_argument("--model", help="another model than the driver's own")
        parser.add_argument("--temperature", type=float)
        parser.add_argument("--max-tokens", type=int, help="bound of an answer")
        parser.add_argument(
            "--system",
            metavar="TEXT",
            help="what the model is told first; by default MINDWAVE['CHAT']['SYSTEM_PROMPT']",
        )

    def handle(self, *args: Any, driver: str, system: str | None, **options: Any) -> None:
        """Talk until the person leaves, or answer what is piped in."""
        told = mindwave_settings.CHAT.SYSTEM_PROMPT if system is None else system
        dialogue = Dialogue(*_chosen(driver, options), told)
        quiet = quiet_logs() if options["verbosity"] < 2 else nullcontext()
        with quiet, asyncio.Runner() as self._runner:
            try:
                if sys.stdin.isatty():
                    self._talk(dialogue)
                else:
                    self._answer_input(dialogue)
            except BrokenPipeError:
                forget_output()

    def _talk(self, dialogue: Dialogue) -> None:
        edit_lines()
        self._note(
            _("%(model)s, driver %(driver)s. Ctrl-C stops an answer, Ctrl-D leaves.")
            % {"model": dialogue.model or "?", "driver": dialogue.driver.alias}
        )
        while (question := self._question()) is not None:
            if not question.strip():
                continue
            try:
                self._answer(dialogue, question)
            except MindwaveError as exc:
                self.stderr.write(str(exc.message))
            except KeyboardInterrupt:
                self._note(_("Stopped."))

    def _question(self) -> str | None:
        try:
            return as_unicode(read_line(PROMPT))
        except UnicodeError:
            self.stderr.write(_("This text is not valid Unicode."))
            return ""
        except KeyboardInterrupt:
            self._note("")
            return "" if typed_so_far() else None
        except EOFError:
            self._note("")
            return None

    def _answer_input(self, dialogue: Dialogue) -> None:
        try:
            question = as_unicode(sys.stdin.read()).strip()
        except UnicodeError as exc:
            raise CommandError(_("This text is not valid Unicode.")) from exc
        if not question:
            raise CommandError("Standard input is empty, where a question should be.")
        try:
            self._answer(dialogue, question)
        except MindwaveError as exc:
            raise CommandError(str(exc.message)) from exc
        except KeyboardInterrupt:
            self._note(_("Stopped."))
            sys.exit(STOPPED_BY_SIGINT)

    def _answer(self, dialogue: Dialogue, question: str) -> None:
        """Write the answer as it comes; raises KeyboardInterrupt if Ctrl-C has stopped it."""
        said: list[str] = []
        messages = dialogue.messages(question)
        try:
            # A task that Ctrl-C cancels closes the call to the provider before anything else.
            self._runner.run(self._stream(dialogue, messages, said))
        finally:
            answer = "".join(said)
            dialogue.keep(question, answer)
            if answer and not answer.endswith("\n"):
                self.stdout.write("")

    async def _stream(self, dialogue: Dialogue, messages: list[Message], said: list[str]) -> None:
        answer = llm(dialogue.driver.alias, **dialogue.options).astream(messages)
        async with aclosing(answer) as texts:
            async for text in texts:
                said.append(text)
                self.stdout.write(as_shown(text) if self.stdout.isatty() else text, ending="")
                self.stdout.flush()

    def _note(self, text: str) -> None:
        self.stderr.write(text, str)


def _chosen(alias: str, arguments: dict[str, Any]) -> tuple[Driver, dict[str, Any]]:
    """Return the driver and the options that were given for it."""
    names = ("model", "temperature", "max_tokens")
    options = {name: arguments[name] for name in names if arguments[name] is not None}
    if options.get("max_tokens", 1) < 1:
        raise CommandError(f"--max-tokens should be at least 1, got {options['max_tokens']}.")
    try:
        driver = drivers[alias]
        driver.require_options(options)
    except (ImproperlyConfigured, InvalidRequest) as exc:
        raise CommandError(str(exc)) from exc
    return driver, options
