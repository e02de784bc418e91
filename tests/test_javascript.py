"""The browser client's own tests, in Node, and its types, by TypeScript."""

from __future__ import annotations

import re
import subprocess
import unittest
from pathlib import Path

from django.test import SimpleTestCase, tag

from tests.support.processes import ROOT, require

FOLDER = ROOT / "tests" / "js"
COMPILER = ROOT / "tests" / "node_modules" / "typescript" / "bin" / "tsc"
NODE = (20, 19)  # the first of its line that takes a `.js` file for the module it is
LIMIT = 120.0  # seconds


def run_node(*arguments: str, cwd: Path = FOLDER) -> subprocess.CompletedProcess[str]:
    """Run Node in a folder; skip, saying what to install, if it is missing."""
    node = require("node", "apt-get install nodejs npm")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < NODE:
        raise unittest.SkipTest(f"node {version.strip()} is too old: install 20.19 or newer")
    return subprocess.run(
        [node, *arguments], cwd=cwd, capture_output=True, text=True, timeout=LIMIT, check=False
    )


@tag("machine")
class JavaScriptTests(SimpleTestCase):
    def test_client(self) -> None:
        files = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.test.mjs"))
        result = run_node("--test", "--test-reporter=spec", *files)
        assert files, FOLDER
        assert result.returncode == 0, result.stdout + result.stderr

    def test_types(self) -> None:
        if not COMPILER.exists():
            raise unittest.SkipTest("typescript is missing: npm install --prefix tests")
        result = run_node(str(COMPILER), "--project", ".")
        assert result.returncode == 0, result.stdout + result.stderr
