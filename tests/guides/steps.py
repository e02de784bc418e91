"""Reads a page that tells somebody what to do: each block of code is a step.

A block belongs to a file if the sentence before it says so, in one of these ways, with a colon at
its end. All other blocks are commands (`sh`) or what the latest command prints (`text`).

    Create `shop/views.py`:
    Replace all of `shop/views.py` by:
    At the end of `shop/views.py`, add:
    Replace `NAME` in `shop/views.py` by:
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.pages import text_of_page

_PART = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|^```(?P<language>\S*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)


class Step(NamedTuple):
    """A block of code, with the line it starts on, its chapter, and the sentence before it."""

    page: str
    line: int
    chapter: str
    sentence: str
    language: str
    code: str

    @property
    def place(self) -> str:
        """Where it stands, for whoever has to correct it."""
        return f"docs/{self.page}:{self.line}"


def steps(page: str) -> Iterator[Step]:
    """Yield the steps of a page in their order."""
    text = text_of_page(page)
    chapter, end = "", 0
    for part in _PART.finditer(text):
        if part["heading"]:
            chapter = part["heading"]
        else:
            sentence = _last_sentence(text[end : part.start()])
            line = text.count("\n", 0, part.start()) + 2
            yield Step(page, line, chapter, sentence, part["language"], part["code"])
        end = part.end()


def _last_sentence(text: str) -> str:
    paragraphs = text.strip().split("\n\n")
    return re.split(r"(?<=[.:]) ", " ".join(paragraphs[-1].split()))[-1]


def change(step: Step) -> Callable[[Path], None] | None:
    """Return what changes a project's folder as a step says; None if the step changes no file."""
    for pattern, action in _CHANGES:
        if found := pattern.fullmatch(step.sentence):
            return lambda folder: action(folder / found["path"], step.code, **_name(found))
    return None


def _name(found: re.Match[str]) -> dict[str, str]:
    return {key: value for key, value in found.groupdict().items() if key != "path"}


def _create(path: Path, code: str) -> None:
    assert not path.exists(), f"{path} is there already."
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code)


def _replace(path: Path, code: str) -> None:
    assert path.exists(), f"{path} is not there."
    path.write_text(code)


def _append(path: Path, code: str) -> None:
    _replace(path, f"{path.read_text()}\n{code}")


def _replace_name(path: Path, code: str, name: str) -> None:
    lines = path.read_text().splitlines(keepends=True)
    [found] = [node for node in ast.parse("".join(lines)).body if _defines(node, name)]
    lines[found.lineno - 1 : found.end_lineno] = [code]
    path.write_text("".join(lines))


def _defines(node: ast.stmt, name: str) -> bool:
    match node:
        case ast.Assign([ast.Name(target)]):
            return target == name
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.name == name
    return False


_CHANGES: list[tuple[re.Pattern[str], Callable[..., None]]] = [
    (re.compile(r"Create `(?P<path>[\w./-]+)`:"), _create),
    (re.compile(r"Replace all of `(?P<path>[\w./-]+)` by:"), _replace),
    (re.compile(r"At the end of `(?P<path>[\w./-]+)`, add:"), _append),
    (re.compile(r"Replace `(?P<name>\w+)` in `(?P<path>[\w./-]+)` by:"), _replace_name),
]
