"""What a look at one thing has found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How bad it is; worst last."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def weight(self) -> int:
        """A number that grows with what is wrong."""
        return list(Level).index(self)


class Finding(NamedTuple):
    """One line of the doctor: what, how bad, and what to do about it.

    `code` is stable and meant for programs; `layer` names who is at fault, where that is known;
    `hint` is the line of configuration to change, or the command to run.
    """

    level: Level
    code: str
    message: str
    hint: str = ""
    layer: str = ""


def bad(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield those that something should be done about."""
    return (each for each in findings if each.level.weight >= Level.WARNING.weight)


def fine(code: str, message: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Level.OK, code, message)


def note(code: str, message: str, hint: str = "", layer: str = "") -> Finding:
    """Return something to know."""
    return Finding(Level.NOTE, code, message, hint, layer)


def warning(code: str, message: str, hint: str = "", layer: str = "") -> Finding:
    """Return something that works, and not well or not for everybody."""
    return Finding(Level.WARNING, code, message, hint, layer)


def error(code: str, message: str, hint: str = "", layer: str = "") -> Finding:
    """Return something that breaks streaming, or the site."""
    return Finding(Level.ERROR, code, message, hint, layer)
