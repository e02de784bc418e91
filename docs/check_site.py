"""Looks at the built site: `python docs/check_site.py build/docs`.

Fails if a page loads something from another host, or links to a file or anchor that is not there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# By these attributes an element loads something by itself; a link does so only as a style sheet, …
LOADS = {"src", "srcset", "poster", "data", "background"}
IN_STYLE = re.compile(r"""(?:url\(\s*|@import\s+)["']?([^"')\s;]+)""")
IN_SCRIPT = re.compile(
    r"""(?:import|fetch|src\s*=|href\s*=|importScripts\()[\s("'`]*((?:https?:)?//[^"'`\s]+)"""
)


class Page(HTMLParser):
    """What a page loads, what it links to, and which anchors it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.linked: list[str] = []
        self.anchors: set[str] = set()
        self._patterns = {"script": IN_SCRIPT, "style": IN_STYLE}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the attributes that lead somewhere, or are led to."""
        for name, value in attrs:
            if name in LOADS or (tag, name) == ("link", "href"):
                self.loaded.append(value or "")
            elif name == "href":
                self.linked.append(value or "")
            elif name == "style":
                self.loaded += IN_STYLE.findall(value or "")
            elif name == "id":
                self.anchors.add(value or "")

    def handle_data(self, data: str) -> None:
        """Note what a script or a style in the page would load."""
        if (pattern := self._patterns.get(self.cdata_elem or "")) is not None:
            self.loaded += pattern.findall(data)


def is_elsewhere(address: str) -> bool:
    """Return whether an address names a host."""
    return bool(urlsplit(address).netloc)


def loaded_from_elsewhere(site: Path) -> Iterator[str]:
    """Yield each file of the site with what it would load from another host."""
    patterns = {".css": IN_STYLE, ".js": IN_SCRIPT}
    for path in sorted(site.rglob("*")):
        if path.suffix == ".html":
            loaded = Page(path.read_text()).loaded
        elif path.suffix in patterns:
            loaded = patterns[path.suffix].findall(path.read_text())
        else:
            continue
        yield from (f"{path} loads {address}" for address in loaded if is_elsewhere(address))


def broken_links(site: Path) -> Iterator[str]:
    """Yield each page with a link that leads to no file, or to no anchor of a page."""
    pages = {path: Page(path.read_text()) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        for link in page.linked:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else {parts.fragment}
            if not target.is_file() or (parts.fragment and parts.fragment not in anchors):
                yield f"{path} links to {link}"


def main(folder: str) -> int:
    """Print what is wrong with the site; return the exit status."""
    site = Path(folder).resolve()
    if not (site / "index.html").is_file():
        sys.exit(f"There is no site in {folder}.")
    wrong = [*loaded_from_elsewhere(site), *broken_links(site)]
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
