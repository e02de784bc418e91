"""The programs themselves find nothing wrong with what docs/deploy.md tells people to write."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import groupby

from django.test import SimpleTestCase, tag

from tests.pages import section
from tests.support.proxies import APACHE_ASKED_FOR, PROGRAMS, changed, checked, shipped


@tag("machine")
class FileTests(SimpleTestCase):
    def test_files_are_valid(self) -> None:
        for program in PROGRAMS:
            with self.subTest(program.name):
                found = checked(program, shipped(program.file))
                assert found.returncode == 0, found.stdout + found.stderr

    def test_check_notices_what_is_wrong(self) -> None:
        for program in PROGRAMS:
            with self.subTest(program.name):
                wrong = changed(shipped(program.file), r"\Z", "\n}\n")
                assert checked(program, wrong).returncode != 0

    def test_apache_asks_for_the_modules_it_gets(self) -> None:
        assert f"#   a2enmod {' '.join(APACHE_ASKED_FOR)}\n" in shipped("apache.conf")

    def test_apache_has_no_proxy_timeout_for_a_location(self) -> None:
        [apache] = (program for program in PROGRAMS if program.name == "apache2")
        place = "<Location /mindwave/>\nProxyTimeout 300\n</Location>\n"
        found = checked(apache, changed(shipped(apache.file), "(?=</VirtualHost>)", place))
        assert "ProxyTimeout not allowed in <Location>" in found.stderr, found


@tag("machine")
class TimeLimitTests(SimpleTestCase):
    def test_servers_have_the_options(self) -> None:
        table = re.findall(
            r"^\| (\w+)[^|]*\| (`[^|]+) \|", section("deploy.md", "Time limits"), re.MULTILINE
        )
        assert table
        for server, rows in groupby(table, lambda row: row[0]):
            known = self.help_of(server)
            for option in re.findall(r"`(--[\w-]+)`", " ".join(cells for _, cells in rows)):
                with self.subTest(server, option=option):
                    assert re.search(rf"{option}\b(?!-)", known)

    def help_of(self, server: str) -> str:
        command = [sys.executable, "-m", server, "--help"]
        wide = os.environ | {"COLUMNS": "200"}
        return subprocess.run(command, env=wide, capture_output=True, text=True, check=True).stdout
