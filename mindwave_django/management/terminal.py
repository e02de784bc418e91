"""The terminal of a person who talks to a model."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# A model could else move the cursor, rename the window or fill the clipboard.
CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), "\N{REPLACEMENT CHARACTER}")
del CONTROLS[ord("\n")], CONTROLS[ord("\t")]


def as_shown(text: str) -> str:
    """Return `text` without the characters that a terminal obeys."""
    return text.translate(CONTROLS)


def as_unicode(text: str) -> str:
    """Return `text`; raise UnicodeError for bytes that Python let through in an old locale."""
    text.encode()
    return text


def edit_lines() -> None:
    """Let the arrow keys work, where Python has readline; a pasted text of lines is one input."""
    with suppress(ImportError):
        import readline  # noqa: PLC0415  # it changes how every `input` works

        readline.parse_and_bind("set enable-bracketed-paste on")


def read_line(prompt: str) -> str:
    """Return what the person types; raises EOFError at the end, KeyboardInterrupt on Ctrl-C."""
    if sys.stdout.isatty():
        return input(prompt)
    # `input` would write the prompt to where the answers go.
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.removesuffix("\n")


def typed_so_far() -> str:
    """Return what stood in the line when Ctrl-C came; empty where nobody knows."""
    readline = sys.modules.get("readline")
    return readline.get_line_buffer() if readline else ""


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Keep log records off the terminal, where they would stand between the words of an answer."""
    loggers = (logging.getLogger(), logging.getLogger("mindwave_django"))
    handlers = [handler for logger in loggers for handler in logger.handlers]
    if logging.lastResort is not None:
        handlers.append(logging.lastResort)
    shown = [h for h in handlers if getattr(h, "stream", None) in {sys.stdout, sys.stderr}]
    for handler in shown:
        handler.addFilter(_refuse)
    try:
        yield
    finally:
        for handler in shown:
            handler.removeFilter(_refuse)


def _refuse(record: logging.LogRecord) -> bool:
    return False


def forget_output() -> None:
    """Let Python end without a complaint after whoever read the output has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
