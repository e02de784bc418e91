"""The example's front ends: their types, their bundles, and the page of the docs about them."""

from __future__ import annotations

import re
import tempfile
import unittest
from hashlib import sha256
from pathlib import Path

from django.test import SimpleTestCase, tag

from tests.pages import text_of_page
from tests.support.processes import ROOT
from tests.test_javascript import run_node

FOLDER = ROOT / "example_project" / "frontends"
PACKAGES = FOLDER / "node_modules"
STATIC = ROOT / "example_project" / "chat" / "static" / "chat"
BUILT = STATIC / "frontends"
VENDOR = STATIC / "vendor"
CLIENT = '"../../mindwave_django/client.js"'
SAMPLE = re.compile(r"^`(example_project/\S+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LARGEST = 300_000  # bytes that all bundles may have together


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@tag("machine")
class BuildTests(SimpleTestCase):
    def setUp(self) -> None:
        if not (PACKAGES / "vite").exists():
            raise unittest.SkipTest(
                "vite is missing: npm install --prefix example_project/frontends"
            )

    def run_package(self, program: str, *arguments: str) -> None:
        result = run_node(str(PACKAGES / program), *arguments, cwd=FOLDER)
        assert result.returncode == 0, result.stdout + result.stderr

    def test_built_files_are_those_in_the_repository(self) -> None:
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.run_package("vite/bin/vite.js", "build", "--outDir", folder, "--logLevel", "warn")
        built, kept = contents(Path(folder)), contents(BUILT)
        assert built.keys() == kept.keys()
        for name, content in built.items():
            with self.subTest(name):
                assert content == kept[name], "run npm run build in example_project/frontends"

    def test_vendored_alpine_is_the_published_one(self) -> None:
        published = PACKAGES / "@alpinejs" / "csp" / "dist" / "module.esm.min.js"
        assert (VENDOR / "alpine-csp.js").read_bytes() == published.read_bytes()

    def test_types(self) -> None:
        self.run_package("typescript/bin/tsc", "--project", ".")
        self.run_package("vue-tsc/bin/vue-tsc.js", "--project", "vue")


class BuiltTests(SimpleTestCase):
    """What holds without Node."""

    def test_bundles_are_small_and_leave_the_client_where_it_is(self) -> None:
        scripts = list(BUILT.glob("*.js"))
        assert {path.name for path in scripts} == {"react.js", "vue.js"}
        for path in scripts:
            assert re.findall(r'from\s*("[^"]+")', path.read_text()) == [CLIENT]
        assert sum(path.stat().st_size for path in scripts) < LARGEST

    def test_licences_of_all_that_is_in_them(self) -> None:
        text = (BUILT / "LICENSES.md").read_text()
        names = re.findall(r"^## (\S+) - [\d.]+ \(MIT\)$", text, re.MULTILINE)
        assert {"react", "react-dom", "scheduler", "@vue/runtime-dom", "@vue/reactivity"} <= {
            *names
        }
        assert text.count("Permission is hereby granted") >= len(names)

    def test_vendored_file_is_whole(self) -> None:
        readme = (VENDOR / "README.md").read_text()
        [(name, digest)] = re.findall(r"^\| `(\S+)` .*`(\w{64})` \|$", readme, re.MULTILINE)
        assert sha256((VENDOR / name).read_bytes()).hexdigest() == digest
        assert "Permission is hereby granted" in (VENDOR / "alpine.LICENSE").read_text()


class DocumentationTests(SimpleTestCase):
    def test_every_sample_is_the_file_that_it_says(self) -> None:
        page = text_of_page("frontends.md")
        found = SAMPLE.findall(page)
        for path, code in found:
            with self.subTest(path):
                assert code == (ROOT / path).read_text()
        assert page.count("\n```") == 2 * len(found) + 2  # and the command

    def test_every_source_is_shown(self) -> None:
        page = text_of_page("frontends.md")
        sources = [
            *FOLDER.glob("react/*.ts*"),
            *FOLDER.glob("vue/*.[tv][su]*"),
            *FOLDER.glob("*.ts"),
        ]
        names = {
            path.relative_to(ROOT).as_posix() for path in sources if path.name != "tsconfig.json"
        }
        assert len(names) == 5
        assert all(f"`{name}`:" in page for name in names)
