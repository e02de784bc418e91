"""Builds the documentation site from the pages here: `tox -e docs`.

The pages are Markdown that a forge shows as it is. What only the site needs is added here.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent / "example_project"), str(DOCS.parent)]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
django.setup()

from mindwave_django import __version__  # noqa: E402  # docstrings are read from this clone

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "mindwave_django"
author = "The authors of mindwave_django"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc"]
root_doc = "index"
source_suffix = {".md": "markdown"}
highlight_language = "text"

myst_heading_anchors = 4  # as a forge makes them, so that its links work here too

# Docstrings mark code by single backticks, and are read, not parsed for fields.
default_role = "code"
autodoc_typehints = "none"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_class_signature = "mixed"
nitpicky = True
# Samples may leave something out, and templates are not quite HTML; tests run what they show.
suppress_warnings = ["misc.highlighting_failure"]
smartquotes_action = "D"  # dashes only: settings are written with plain quotes

html_theme = "furo"
html_title = f"mindwave_django {__version__}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"top_of_page_buttons": []}

SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
PAGE_LINK = re.compile(r"^\| \[[^\]]+\]\(([\w/-]+)\.md\)", re.MULTILINE)
OUTWARD_LINK = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+)([\w./-]+)(?:#[\w-]+)?\)")


def add_contents(app: Sphinx, name: str, content: list[str]) -> None:
    """Make the site's contents from the tables of the front page, which a forge shows too."""
    if name == root_doc:
        content[0] += "".join(
            "\n```{toctree}\n:hidden:\n:caption: " + heading + "\n\n" + "\n".join(pages) + "\n```\n"
            for heading, table in SECTION.findall(content[0])
            if (pages := PAGE_LINK.findall(table))
        )


def name_files(app: Sphinx, name: str, content: list[str]) -> None:
    """Name files of the project in the place of links to them: the site has only the pages."""
    depth = name.count("/") + 1
    content[0] = OUTWARD_LINK.sub(
        lambda link: link[0] if link[2].count("/") < depth else file_name(link[1], link[3]),
        content[0],
    )


def file_name(text: str, path: str) -> str:
    """Return a link's text with the file that it leads to."""
    return f"`{path}`" if text == Path(path).name else f"{text} (`{path}`)"


def mark_samples(*arguments: Any) -> None:
    """Mark what is indented in a docstring as Python: there it is a sample."""
    lines = arguments[-1]
    for number in reversed(range(1, len(lines))):
        if lines[number].startswith("    ") and not lines[number - 1]:
            lines[number:number] = [".. code-block:: python", ""]


def setup(app: Sphinx) -> None:
    """Connect what this file adds to Sphinx."""
    app.connect("autodoc-process-docstring", mark_samples)
    app.connect("source-read", add_contents)
    app.connect("source-read", name_files)
