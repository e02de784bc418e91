"""`manage.py mindwave_chat` in a pipe: one question in, its answer out, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

from django.test import SimpleTestCase, tag

from tests.management.terminal import LIMIT, environment
from tests.support.processes import ROOT
from tests.support.upstream import Hang, Reset, Status, Upstream, finish, text

COMMAND = [sys.executable, "example_project/manage.py", "mindwave_chat"]


class PipeTestCase(SimpleTestCase):
    def setUp(self) -> None:
        self.upstream = self.enterContext(Upstream())
        self.upstream.serve(text("Seven"), text(" minutes."), finish())

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            cwd=ROOT,
            env=environment(OPENAI_BASE_URL=self.upstream.url),
        )
        self.addCleanup(process.__exit__, None, None, None)
        self.addCleanup(process.kill)
        return process

    def pipe(self, question: str | bytes, *arguments: str) -> tuple[int, str, str]:
        """Return exit status, standard output and standard error."""
        process = self.start(*arguments)
        data = question if isinstance(question, bytes) else question.encode()
        out, err = process.communicate(data, LIMIT)
        return process.returncode, out.decode(), err.decode()


@tag("machine")
class PipeTests(PipeTestCase):
    def asked(self) -> Any:
        return self.upstream.requests[-1].body["messages"]

    def test_only_the_answer_comes_out(self) -> None:
        self.assertEqual(self.pipe("Eggs?\n"), (0, "Seven minutes.\n", ""))
        assert self.asked() == [{"role": "user", "content": "Eggs?"}]

    def test_all_lines_are_one_question(self) -> None:
        self.pipe("One\n\nTwo ü\n")
        assert self.asked()[-1]["content"] == "One\n\nTwo ü"

    def test_answer_goes_out_as_it_is(self) -> None:
        with Upstream() as self.upstream:
            self.upstream.serve(text("\x1b[1mBold\x1b[0m\n"), finish())
            self.assertEqual(self.pipe("Hi"), (0, "\x1b[1mBold\x1b[0m\n", ""))

    def test_log_is_shown_on_request(self) -> None:
        status, out, err = self.pipe("Hi", "-v", "2")
        assert (status, out) == (0, "Seven minutes.\n")
        assert "INFO mindwave_django: Stream " in err

    def test_no_question(self) -> None:
        for nothing in ("", " \n"):
            assert self.pipe(nothing) == (
                1,
                "",
                "CommandError: Standard input is empty, where a question should be.\n",
            )

    def test_question_that_is_no_text(self) -> None:
        status, out, err = self.pipe(b"\xff\xfe")
        assert (status, out) == (1, "")
        assert err == "CommandError: This text is not valid Unicode.\n"

    def test_arguments_that_do_not_fit(self) -> None:
        for argument, expected in (
            ("--driver=nope", "MINDWAVE['DRIVERS'] has no driver 'nope'. Known: default, demo."),
            ("--max-tokens=0", "--max-tokens should be at least 1, got 0."),
        ):
            assert self.pipe("Hi", argument) == (1, "", f"CommandError: {expected}\n")


@tag("machine")
class FailingPipeTests(PipeTestCase):
    def setUp(self) -> None:
        self.upstream = self.enterContext(Upstream())

    def test_failure(self) -> None:
        self.upstream.serve(Status(401))
        sentence = "The model is not available: its access is not set up correctly."
        self.assertEqual(self.pipe("Hi"), (1, "", f"CommandError: {sentence}\n"))

    def test_answer_that_breaks_off(self) -> None:
        self.upstream.serve(text("Half"), Reset())
        sentence = "The connection to the model was lost. What arrived is kept."
        self.assertEqual(self.pipe("Hi"), (1, "Half\n", f"CommandError: {sentence}\n"))

    def test_reader_who_leaves(self) -> None:
        self.upstream.serve(text("Half"), *[text("x" * 10_000)] * 100, Hang())
        process = self.start()
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"Hi")
        process.stdin.close()
        assert process.stdout.read(4) == b"Half"
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(LIMIT)
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)

    def test_ctrl_c(self) -> None:
        self.upstream.serve(text("Half"), Hang())
        process = self.start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"Hi")
        process.stdin.close()
        process.stdin = None
        assert process.stdout.read(4) == b"Half"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT)
        assert (process.returncode, out, err) == (130, b"\n", b"Stopped.\n")
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
