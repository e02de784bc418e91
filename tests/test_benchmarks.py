"""The benchmarks: what they check, how they reckon, and that they run."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

from django.test import SimpleTestCase, tag

from tests.benchmarks import report
from tests.benchmarks.load import Reading, require_text
from tests.benchmarks.request import shares
from tests.benchmarks.upstream import PERIOD, word
from tests.benchmarks.workloads import Cost
from tests.support.processes import ROOT
from tests.support.tried import only_with_every_server

FOUND = {
    "two lines": [Cost(2, 30, 100, None), Cost(4, 30, 100, None), Cost(60, 30, 100, None)],
    "hand-written": [Cost(20, 60, 100, 5), Cost(40, 60, 100, 5), Cost(60, 60, 100, 5)],
}


class TextTests(SimpleTestCase):
    def test_what_was_sent(self) -> None:
        assert require_text("") == 0
        assert require_text(word(0) + word(1) + word(2)) == 3
        assert word(PERIOD) == word(0)

    def test_whatever_else(self) -> None:
        for text in (
            word(0) + word(2),
            word(0) + word(0),
            word(1) + word(0),
            word(0) + word(1)[:-1],
            "x" + word(0),
        ):
            with self.subTest(text), self.assertRaises(AssertionError):
                require_text(text)


class ReadingTests(SimpleTestCase):
    async def test_first_token_is_seen_wherever_it_is_cut(self) -> None:
        frame = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + word(0).encode()
        for cut in range(len(frame)):
            reading = Reading(b"")
            reading.asked_at = 0.0
            reading.data_received(frame[:cut])
            assert not reading.begun.done()
            reading.data_received(frame[cut:])
            assert reading.begun.done()
            assert reading.first_token_after == reading.reads[-1][0]
            assert reading.response.body == word(0).encode()

    async def test_connection_that_is_cut_ends_it(self) -> None:
        reading = Reading(b"")
        reading.connection_lost(ConnectionResetError())
        await asyncio.gather(reading.begun, reading.ended)


class ReportTests(SimpleTestCase):
    def test_ratio_is_the_median_of_those_of_the_rounds(self) -> None:
        assert report.ratio(FOUND, "two lines", "hand-written", "burst") == 0.1
        assert report.ratio(FOUND, "two lines", "hand-written", "paced") == 0.5
        assert report.ratio(FOUND, "two lines", "hand-written", "idle") is None

    def test_targets_that_are_missed_are_said(self) -> None:
        row = report.ratios(FOUND).splitlines()[2]
        assert row.split("|")[2:6] == [
            " 0.1 (≤ 0.09, missed) ",
            " 0.5 (≤ 0.4, missed) ",
            " 1 (≤ 0.75, missed) ",
            "      ",
        ]

    def test_medians(self) -> None:
        rows = report.costs(FOUND).splitlines()
        assert [cell.strip() for cell in rows[2].split("|")[1:5]] == ["two lines", "4", "30", "100"]


class RequestTests(SimpleTestCase):
    def test_parts_are_differences_of_medians(self) -> None:
        found = {
            "Django alone": [2000.0, 2200.0, 9000.0],
            "without provider": [2700.0, 2600.0, 2800.0],
            "two lines": [4000.0, 3900.0, 4100.0],
            "hand-written": [5000.0, 5000.0, 5000.0],
        }
        assert [value for value, _ in shares(found).values()] == [2200, 500, 1300, 2800]
        assert [share for _, share in shares(found).values()] == [0.55, 0.125, 0.325, 0.7]


# Another one, that streams from every variant, and measures nothing to speak of.
EVERY_VARIANT = """
from tests.benchmarks.__main__ import around, measure
from tests.benchmarks import workloads
from tests.benchmarks.variants import VARIANTS
workloads.WARM_UP = 2
with around() as parts:
    measure(parts, VARIANTS, 1, workloads.Size(2, 2, 20, 2, 0.2, 2))
"""


@only_with_every_server  # a minute and a half
@tag("machine")
class RunTests(SimpleTestCase):
    def run_python(self, *arguments: str) -> str:
        env = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def test_quick_form(self) -> None:
        printed = self.run_python("-m", "tests.benchmarks", "--quick")
        for name in ("relay", "hand-written", "two lines", "provider"):
            assert f"| {name} " in printed, printed
        assert "two lines / hand-written" in printed

    def test_parts_of_a_request(self) -> None:
        printed = self.run_python("-m", "tests.benchmarks.request", "--rounds", "1")
        assert "| this package " in printed, printed

    def test_every_variant_streams(self) -> None:
        self.run_python("-c", EVERY_VARIANT)
