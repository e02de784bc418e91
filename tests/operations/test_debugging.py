"""The page about debugging shows what the code writes."""

from __future__ import annotations

import io
import logging
import logging.config
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr

from django.test import SimpleTestCase, TestCase, override_settings

from mindwave_django import llm
from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.streaming.background import background
from mindwave_django.streaming.pool import MAX_THREADS, submit
from mindwave_django.testing import Gate, fake_driver
from tests.operations.sources import lines_of_log
from tests.pages import rows, run, sample, section
from tests.support.processes import ROOT

PAGE = "debugging.md"
ANYONE = {"CHAT": {"ACCESS": "mindwave_django.access.anyone"}}
STANDS = """
def stands_here():
    print("ready", flush=True)
    signal.pause()

stands_here()
"""
LIMIT = 10.0  # seconds
DEMO_ANSWER = "/mindwave/stream/?prompt=Hello&max_tokens=3"


def shown(containing: str) -> str:
    return sample(PAGE, containing, "text").code


def without_ids(text: str) -> str:
    return re.sub(r"[0-9a-f]{32}", "<id>", text)


def without_times(text: str) -> str:
    return re.sub(r"^\d\d:\d\d:\d\d\.\d{3} ", "", without_ids(text), flags=re.MULTILINE)


@contextmanager
def logging_of_the_page() -> Iterator[io.StringIO]:
    """Log as the page says, into what is yielded."""
    logger = logging.getLogger("mindwave_django")
    before = logger.level, logger.propagate, logger.handlers[:]
    output = io.StringIO()
    try:
        with redirect_stderr(output):  # its handler looks for it when it is made
            logging.config.dictConfig(run(sample(PAGE, "LOGGING ="))["LOGGING"])
        yield output
    finally:
        level, logger.propagate, logger.handlers = before
        logger.setLevel(level)


@override_settings(MINDWAVE=ANYONE)
class LogTests(TestCase):
    def setUp(self) -> None:
        # What is imported at the first call would take its time in the middle of the log.
        llm(max_tokens=1).generate("Hello")
        self.quoted = shown("is asked for model").splitlines(keepends=True)

    def test_an_answer(self) -> None:
        with logging_of_the_page() as output:
            self.client.get(DEMO_ANSWER).getvalue()
        assert re.match(r"\d\d:\d\d:\d\d\.\d{3} INFO Stream ", output.getvalue())
        assert without_times(output.getvalue()) == without_times("".join(self.quoted[:5]))

    def test_a_reader_who_left(self) -> None:
        with logging_of_the_page() as output, fake_driver("Hello", Gate()):
            response = iter(self.client.get("/mindwave/stream/?prompt=Hi"))
            while b"Hello" not in next(response):
                pass
            response.close()
        last = output.getvalue().splitlines()[-1]
        told = re.sub(r"after .*", "", without_times(last))
        assert told == re.sub(r"after .*\n", "", without_times(self.quoted[5]))

    def test_a_failure(self) -> None:
        with logging_of_the_page() as output, fake_driver(ProviderUnavailable("Nobody is there.")):
            self.client.get("/mindwave/stream/?prompt=Hi").getvalue()
        _, failed, ended = without_times(output.getvalue()).splitlines()
        assert failed == without_times(self.quoted[6]).replace("…\n", "Nobody is there.")
        assert ended == without_times(self.quoted[7]).strip()

    def test_no_text_at_any_level(self) -> None:
        with logging_of_the_page() as output, fake_driver("an answer"):
            self.client.get("/mindwave/stream/?prompt=a+question").getvalue()
        assert "chunk 1, 9 characters" in output.getvalue()
        assert "answer" not in output.getvalue()
        assert "question" not in output.getvalue()

    def test_what_is_left_out(self) -> None:
        told = {}
        for content in (False, True):
            settings = {**ANYONE, "LOG_CONTENT": content}
            error = RuntimeError("the prompt was: a question")
            with (
                override_settings(MINDWAVE=settings),
                logging_of_the_page() as output,
                fake_driver(error),
            ):
                self.client.get("/mindwave/stream/?prompt=Hi").getvalue()
            told[content] = output.getvalue()
        assert "message withheld" in told[False]
        assert "a question" not in told[False]
        assert "a question" in told[True]


class LineTests(SimpleTestCase):
    def test_lines_of_the_table_are_in_the_source(self) -> None:
        known = lines_of_log()
        table = re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \|", section(PAGE, "The log"), re.MULTILINE)
        assert len(table) > 12
        for level, text in table:
            with self.subTest(text):
                assert any(line.fits(level, text) for line in known)

    def test_a_line_that_is_not_there_would_be_missed(self) -> None:
        known = lines_of_log()
        for level, text in (
            ("INFO", "Stream …: chunk …, … characters"),
            ("DEBUG", "Stream …: chunk …, … words"),
            ("WARNING", "Driver … cannot dance."),
        ):
            assert not any(line.fits(level, text) for line in known), text


class CurlTests(TestCase):
    @override_settings(MINDWAVE=ANYONE)
    def test_events_are_those_of_the_server(self) -> None:
        body = self.client.get(DEMO_ANSWER).getvalue().decode()
        wanted = shown("retry: 1000")
        assert without_ids(body).strip() == without_ids(wanted).strip()


class HangingTests(SimpleTestCase):
    def test_the_process_says_where_it_stands(self) -> None:
        command = [sys.executable, "-c", sample(PAGE, "faulthandler").code + STANDS]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            try:
                process.stdout.readline()
                os.kill(process.pid, signal.SIGUSR1)
                said = [process.stderr.readline() for _ in range(2)]
            finally:
                process.kill()
        assert "most recent call first" in said[0]
        assert "stands_here" in said[1]

    def test_threads_have_the_names_of_the_table(self) -> None:
        names = rows(section(PAGE, "A process that hangs")).keys()
        assert {"mindwave_0", f"mindwave_{MAX_THREADS - 1}"} <= names
        own = submit(lambda: threading.current_thread().name).result(LIMIT)
        assert re.fullmatch(r"mindwave_\d+", own)
        assert background.submit(name_of_thread()).result(LIMIT) in names
        with ThreadPoolExecutor(1) as executor:  # as asgiref makes it
            name = executor.submit(lambda: threading.current_thread().name).result(LIMIT)
        assert "ThreadPoolExecutor-…" in names
        assert name.startswith("ThreadPoolExecutor-")


async def name_of_thread() -> str:
    return threading.current_thread().name
