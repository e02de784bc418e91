"""The example's own files, ready to be shown: escaped, with their comments and words in colour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe


def words(names: str) -> str:
    """Return the pattern of these words."""
    return rf"(?P<word>\b(?:{'|'.join(names.split())})\b)"


TEXT = r"""(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)"""
TAG = r"(?P<tag></?[a-zA-Z][\w-]*)"
ELEMENT = r"(?P<tag>(?:(?<!\w)<|</)[a-zA-Z][\w-]*)"  # not the <T> of a type
SCRIPT_WORDS = words(
    "as async await const default export false from function if import interface let new null "
    "return true type typeof undefined void"
)
PYTHON_WORDS = words("async await class def for from if import in None not return with")

SCRIPT = re.compile(rf"(?P<note>//[^\n]*|/\*.*?\*/)|{TEXT}|{SCRIPT_WORDS}|{ELEMENT}", re.DOTALL)
MARKUP = re.compile(rf'(?P<note><!--.*?-->)|(?P<word>{{[%{{].*?[%}}]}})|(?P<text>"[^"]*")|{TAG}')
PYTHON = re.compile(rf'(?P<note>#[^\n]*|""".*?""")|{TEXT}|{PYTHON_WORDS}', re.DOTALL)
LANGUAGES = {".py": PYTHON, ".html": MARKUP}


class Source(NamedTuple):
    path: str
    code: SafeString
    lines: int

    @property
    def folder(self) -> str:
        return self.path.removesuffix(self.name)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def read_source(path: str) -> Source:
    """Read a file of the example project."""
    code = (Path(settings.BASE_DIR) / path).read_text(encoding="utf-8")
    return Source(path, highlighted(code, Path(path).suffix), code.count("\n"))


def highlighted(code: str, suffix: str) -> SafeString:
    """Return code as HTML, in the colours of the files that end like this."""
    if suffix == ".vue":
        script, end, markup = code.partition("</script>")
        return mark_safe(highlighted(script, ".ts") + highlighted(end + markup, ".html"))  # noqa: S308
    return mark_safe("".join(_parts(code, LANGUAGES.get(suffix, SCRIPT))))  # noqa: S308


def _parts(code: str, language: re.Pattern[str]) -> Iterator[str]:
    end = 0
    for found in language.finditer(code):
        yield escape(code[end : found.start()])
        yield format_html('<span class="{}">{}</span>', found.lastgroup, found[0])
        end = found.end()
    yield escape(code[end:])
