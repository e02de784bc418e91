"""The commands of the page about debugging, run by a shell before a real server."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import ClassVar

from django.test import SimpleTestCase, tag
from django.urls import reverse

from mindwave_django.testing import parse_events, text_of
from tests.pages import sample
from tests.support.processes import require
from tests.support.servers import Server, serving

PAGE = "debugging.md"
ID = "920145dabf3157d25045124581db47f9"
HOST = "http://127.0.0.1:8000"


@tag("machine")
class CurlTests(SimpleTestCase):
    server: ClassVar[Server]
    folder: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        require("curl", "apt-get install curl")
        cls.server = cls.enterClassContext(serving("uvicorn"))
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def run_sample(self, containing: str, **changed: str) -> str:
        """Run a sample of the page, with this server's address; return what it printed."""
        code = sample(PAGE, containing, "sh").code.replace(HOST, self.server.url)
        for old, new in changed.items():
            code = code.replace({"id": ID, "page": "/chat-page/"}[old], new)
        command = ["bash", "-c", code]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def test_headers_and_events_and_the_rest_of_them(self) -> None:
        head, body = self.run_sample("curl -N -i").split("\r\n\r\n", 1)
        assert head.startswith("HTTP/1.1 200")
        assert "x-accel-buffering: no" in head
        events = parse_events(body.encode())
        assert (text_of(events), events[-1].event) == ("Hello. I am", "done")
        assert events[2].id.endswith(":8")  # as the next command has it

        rest = parse_events(self.run_sample("Last-Event-ID", id=events[0].id[:32]).encode())
        assert (text_of(rest), rest[-1].event) == (" am", "done")

    def test_times(self) -> None:
        lines = self.run_sample("date +%T").splitlines()
        assert all(re.match(r"\d\d:\d\d:\d\d\.\d{3} ", line) for line in lines)
        assert lines[-2].endswith(' data: {"status":"complete"}')
        times = {line.partition(" ")[0] for line in lines}
        assert len(times) > 20, "the lines came at once"

    def test_question_of_the_chat(self) -> None:
        said = json.loads(self.run_sample("--json", page=reverse("widget")))
        address = f"{self.server.url}{said['stream']}"
        command = ["curl", "-sN", "-b", "cookies.txt", address]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=True)
        assert parse_events(done.stdout)[-1].event == "done"
