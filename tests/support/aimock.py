"""An OpenAI-compatible server that nobody here wrote: npm `@copilotkit/aimock`."""

from __future__ import annotations

import json
import tempfile
import unittest
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.processes import ROOT, free_port, require, running

PROGRAM = ROOT / "tests" / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"


class AIMock:
    """The running server: its `url`, and what it was asked."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self._journal = f"http://127.0.0.1:{port}/__aimock/journal?path=/v1/chat/completions"

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The chat completions asked for so far, oldest first."""
        with urllib.request.urlopen(self._journal) as response:
            found: Any = json.load(response)
        entries = found if isinstance(found, list) else found["entries"]
        return [entry for entry in entries if "chat/completions" in entry["path"]]


@contextmanager
def aimock(*fixtures: dict[str, Any]) -> Iterator[AIMock]:
    """Serve these fixtures, e.g. `{"match": {"userMessage": "hi"}, "response": {"content": "…"}}`.

    A fixture may say `chunkSize` (UTF-16 units), `latency` (ms), `truncateAfterChunks`,
    `disconnectAfterMs`, or an error as its response.
    """
    node = require("node", "apt-get install nodejs npm")
    if not PROGRAM.exists():
        raise unittest.SkipTest("aimock is missing: npm install --prefix tests")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fixtures.json"
        file.write_text(json.dumps({"fixtures": fixtures}))
        command = [node, str(PROGRAM), "-p", str(port), "-f", str(file), "--log-level", "warn"]
        with running(command, port=port):
            yield AIMock(port)
