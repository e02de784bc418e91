"""The example's pages: what leads to them, and the source that each of them shows."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from django.conf import settings
from django.test import TestCase
from django.urls import reverse

from chat.demos import DEMOS
from chat.sources import highlighted, read_source

HOSTILE = [
    "</code></pre><script>alert(1)</script>",
    "\"</span><b onclick='x'>\" // <i>\n/* <u> */ `<s>`",
    "<!-- </pre> --> {% if a < b %} {{ a|safe }} &lt; &amp;",
    '# "<em>"\n"""<q>\n</q>"""\n\'it\\\'s\'',
    'const a = <T,>(b: Array<string>) => b && 1 < 2; // unfinished "',
]
SHOWN = re.compile(
    r'<pre tabindex="0" role="region" aria-label="([^"]+)"><code>(.*?)</code></pre>', re.DOTALL
)
SPAN = re.compile(r'<span class="(?:note|text|word|tag)">|</span>')


def plain(html: str) -> str:
    """Return the text of code that is shown; nothing but our own colours may be HTML in it."""
    code = SPAN.sub("", html)
    assert not re.search(r"[<>\"']", code), code
    return unescape(code)


class DemoPageTests(TestCase):
    def page(self, name: str) -> str:
        return self.client.get(reverse(name)).content.decode()

    def test_first_page_and_every_page_lead_to_every_page(self) -> None:
        for name in ("index", *(demo.name for demo in DEMOS if demo.files)):
            page = self.page(name)
            with self.subTest(name):
                assert [page.count(f'href="{reverse(demo.name)}"') > 0 for demo in DEMOS] == [
                    True
                ] * len(DEMOS)
                assert page.count('aria-current="page"') == 1

    def test_every_page_shows_its_files_as_they_are(self) -> None:
        for demo in DEMOS:
            if not demo.files:
                continue
            with self.subTest(demo.name):
                shown = {path: plain(code) for path, code in SHOWN.findall(self.page(demo.name))}
                assert shown == {
                    path: (Path(settings.BASE_DIR) / path).read_text() for path in demo.files
                }

    def test_first_page_shows_the_view_of_two_lines(self) -> None:
        [(name, code)] = SHOWN.findall(self.page("index"))
        assert name == "The view"
        assert plain(code) in (Path(settings.BASE_DIR) / "chat" / "views.py").read_text()
        assert plain(code).startswith("async def chat(")

    def test_everything_comes_from_this_site_and_in_files(self) -> None:
        for demo in DEMOS:
            page = SHOWN.sub("", self.page(demo.name)) if demo.files else self.page("index")
            addresses = re.findall(
                r'\b(?:src|stylesheet)="([^"]+)"|<link[^>]* href="([^"]+)"', page
            )
            assert addresses
            for address in ("".join(pair) for pair in addresses):
                with self.subTest(demo.name, address=address):
                    assert address.startswith("/static/")
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page)

    def test_lines_that_the_cards_name(self) -> None:
        page = self.page("index")
        for demo in DEMOS:
            files = [path for path in demo.files if not path.endswith(".py")]
            lines = sum(
                len(Path(settings.BASE_DIR, path).read_text().splitlines()) for path in files
            )
            assert demo.lines == lines
            assert not lines or f"<span>{lines} lines</span>" in page


class HighlightTests(TestCase):
    def test_hostile_code_stays_text(self) -> None:
        for suffix in (".py", ".js", ".ts", ".tsx", ".html", ".vue"):
            for code in HOSTILE:
                with self.subTest(suffix, code=code):
                    assert plain(highlighted(code, suffix)) == code

    def test_colours(self) -> None:
        for suffix, code, wanted in (
            (
                ".py",
                "return 1  # why",
                '<span class="word">return</span> 1  <span class="note"># why</span>',
            ),
            (
                ".js",
                'let a = "b"',
                '<span class="word">let</span> a = <span class="text">&quot;b&quot;</span>',
            ),
            (
                ".html",
                "<p>for</p>",
                '<span class="tag">&lt;p</span>&gt;for<span class="tag">&lt;/p</span>&gt;',
            ),
            (".html", "{% if %}", '<span class="word">{% if %}</span>'),
            (".tsx", "f<T>(a)", "f&lt;T&gt;(a)"),
        ):
            with self.subTest(code):
                assert highlighted(code, suffix) == wanted
        vue = highlighted("<script>\nlet a\n</script>\n<p>let</p>", ".vue")
        assert vue.count('<span class="word">let</span>') == 1

    def test_file_that_is_missing(self) -> None:
        with self.assertRaises(FileNotFoundError):
            read_source("chat/missing.py")
