"""Reads the documentation: its pages, links, tables and code samples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.processes import ROOT

DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING")),
    *sorted(DOCS.rglob("*.md")),
]

_FENCE = re.compile(r"^```([\w{}-]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


class Sample(NamedTuple):
    """A block of code on a page, with the line on which it starts."""

    page: Path
    line: int
    language: str
    code: str


def text_of_page(name: str) -> str:
    return (DOCS / name).read_text()


def samples_of(name: str) -> Iterator[Sample]:
    """Yield the samples of a page, in whatever language."""
    text = text_of_page(name)
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 2
        yield Sample(DOCS / name, line, found[1], found[2])


def samples(page: Path, language: str) -> Iterator[Sample]:
    """Yield the samples of a page in one language."""
    return (found for found in samples_of(str(page)) if found.language == language)


def sample(name: str, containing: str, language: str = "python") -> Sample:
    """Return the one sample of a page that holds this text."""
    [found] = [s for s in samples(DOCS / name, language) if containing in s.code]
    return found


def run(sample: Sample, module: str = "sample") -> dict[str, Any]:
    """Run a sample as a module of this name and return what it defines."""
    # Line numbers in a traceback are those of the page.
    code = compile("\n" * (sample.line - 1) + sample.code, str(sample.page), "exec")
    namespace: dict[str, Any] = {"__name__": module}
    exec(code, namespace)
    return namespace


def links(page: Path) -> list[str]:
    """Return the targets of a page's links, those inside samples left out."""
    return _LINK.findall(_FENCE.sub("", page.read_text()))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(name: str, heading: str) -> str:
    """Return what stands below a heading, up to the next one."""
    pattern = rf"^##+ {re.escape(heading)}\n(.*?)(?=^#|\Z)"
    found = re.search(pattern, text_of_page(name), re.MULTILINE | re.DOTALL)
    assert found, f"{name} has no section {heading!r}"
    return found[1]


def rows(text: str) -> dict[str, list[str]]:
    """Return the rows of the tables in `text`, by what their first cell names in backticks."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            first, *others = (cell.strip() for cell in line.strip("|").split(" |"))
            found |= dict.fromkeys(re.findall(r"`([^`]+)`", first), others)
    return found
