"""What the package's source says: the codes of the doctor, and the lines of the log."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from tests.support.processes import ROOT

PACKAGE = ROOT / "mindwave_django"
CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)*")
FINDINGS = {"fine", "note", "warning", "error"}
LEVELS = {"debug": "DEBUG", "info": "INFO", "warning": "WARNING", "error": "ERROR"}
PLACEHOLDER = re.compile(r"%[-#0-9.]*[a-z]")


def _nodes(folder: str = "") -> Iterator[ast.AST]:
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        yield from ast.walk(ast.parse(path.read_text()))


def _is_text(node: ast.AST) -> bool:
    """Whether this is a sentence: a text with a space, or one that is filled in."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and " " in node.value
    return isinstance(node, ast.JoinedStr)


def _code(node: ast.AST) -> str:
    value = getattr(node, "value", None)
    return value if isinstance(value, str) and CODE.fullmatch(value) else ""


def _pairs(parts: Iterable[ast.AST]) -> Iterator[str]:
    """Yield what looks like a code and has a sentence behind it."""
    for first, second in pairwise(parts):
        if _code(first) and _is_text(second):
            yield _code(first)


def codes_of_doctor() -> set[str]:
    """Return the codes of all findings that the doctor's own modules spell out."""
    return {code for node in _nodes("doctor") for code in _codes_in(node)} - {""}


def _codes_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        yield from _pairs(node.args)
        if getattr(node.func, "id", "") in FINDINGS:
            yield _code(node.args[0])
    elif isinstance(node, ast.Tuple):
        yield from _pairs(node.elts)
    elif isinstance(node, ast.ClassDef) and node.name == "Fault":
        yield from (_code(item.value) for item in node.body if isinstance(item, ast.Assign))
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("(code,"):
        yield from map(_code, getattr(node.value, "elts", ()))


class Line(NamedTuple):
    """A line of the log: its level, and its text with `%s` in it."""

    level: str
    text: str

    def fits(self, level: str, written: str) -> bool:
        """Whether this line, filled in, reads like that; `…` stands for anything."""
        # Cut the template where something is filled in; what stands between has to be there.
        template = ".*".join(map(re.escape, PLACEHOLDER.split(self.text)))
        quoted = ".*".join(map(re.escape, written.split("…")))
        filled = PLACEHOLDER.sub("…", self.text)
        fits = re.fullmatch(template, written) or re.fullmatch(quoted, filled)
        return level == self.level and fits is not None


def lines_of_log() -> set[Line]:
    """Return every line that the package may write to its logger."""
    found = set()
    for node in _nodes():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and getattr(node.func.value, "id", "") == "logger"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            level = LEVELS.get(node.func.attr, "ERROR")  # `exception` is an error
            found.add(Line(level, str(node.args[0].value)))
    return found
