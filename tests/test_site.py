"""What looks at the built site sees what it should see, and the hooks are those of tox."""

from __future__ import annotations

import configparser
import re
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.test import SimpleTestCase

from tests.pages import DOCS
from tests.support.processes import ROOT


def check_site() -> Any:
    spec = spec_from_file_location("check_site", DOCS / "check_site.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class CheckSiteTests(SimpleTestCase):
    def setUp(self) -> None:
        self.site = Path(self.enterContext(TemporaryDirectory())).resolve()
        self.check = check_site()

    def loaded(self, name: str, text: str) -> list[str]:
        (self.site / name).write_text(text)
        return list(self.check.loaded_from_elsewhere(self.site))

    def test_what_comes_from_another_host_is_named(self) -> None:
        for name, text in (
            ("a.html", '<script src="https://cdn.example/x.js"></script>'),
            ("a.html", '<img src="//cdn.example/x.png">'),
            ("a.html", '<link rel="stylesheet" href="https://cdn.example/x.css">'),
            ("a.html", '<p style="background: url(https://cdn.example/x.png)">'),
            ("a.html", "<script>import('https://cdn.example/x.js')</script>"),
            ("a.css", "@import 'https://cdn.example/x.css';"),
            ("a.css", "@font-face { src: url('//cdn.example/x.woff2') }"),
            ("a.js", 'const x = await fetch("https://cdn.example/x.json");'),
        ):
            with self.subTest(text):
                [found] = self.loaded(name, text)
                assert "cdn.example/x" in found
                (self.site / name).unlink()

    def test_what_comes_from_the_site_is_not(self) -> None:
        assert not self.loaded("a.html", '<img src="x.png"><a href="https://example.com">Read</a>')
        assert not self.loaded("a.css", 'a { background: url("data:image/png;base64,AA==") }')

    def test_links_that_lead_nowhere_are_named(self) -> None:
        (self.site / "a.html").write_text(
            '<h1 id="here"></h1><a href="#here"></a><a href="b.html#there"></a>'
            '<a href="#gone"></a><a href="b.html#gone"></a><a href="c.html"></a>'
        )
        (self.site / "b.html").write_text('<h1 id="there"></h1>')
        found = [line.split()[-1] for line in self.check.broken_links(self.site)]
        assert found == ["#gone", "b.html#gone", "c.html"]


class HookTests(SimpleTestCase):
    def setUp(self) -> None:
        hooks = (ROOT / ".pre-commit-config.yaml").read_text()
        self.hooks = {}
        for hook in hooks.split("- id: ")[1:]:
            needed = hook.partition("additional_dependencies:")[2]
            found = re.findall(r"[\w-]+(?:\[\w+\])?[=><]=[\w.*]+", needed)
            self.hooks[hook.split()[0]] = set(found)

    def test_tools_are_those_of_tox(self) -> None:
        tox = configparser.ConfigParser(interpolation=None)
        tox.read(ROOT / "tox.ini")
        deps = (tox[f"testenv:{name}"]["deps"] for name in ("lint", "types"))
        tools = {tool for each in deps for tool in each.split()}
        assert self.hooks["ruff"] == self.hooks["ruff-format"] == {t for t in tools if "ruff" in t}
        assert {t for t in tools if "ruff" not in t} <= self.hooks["mypy"]

    def test_types_are_checked_against_what_the_package_needs(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        extras = project["optional-dependencies"]
        needed = {*project["dependencies"], *extras["pricing"], *extras["redis"]}
        assert needed <= self.hooks["mypy"]
