"""Somebody who follows a page to the letter: in an empty folder, in one shell, with one server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.guides.steps import Step, change, steps
from tests.support.processes import ROOT, free_port, running

LIMIT = 300.0  # seconds for a block of commands; the longest installs the package
PATIENCE = 60_000  # milliseconds for the first answer of a model: packages are not compiled yet
ADDRESS = "127.0.0.1:8000"
SERVER = re.compile(r"^python manage\.py runserver$", re.MULTILINE)
PASSWORD = "tea for two"  # of a user whose site lives as long as a test
# What the process of the tests has in its environment and a newcomer has not.
OURS = ("DJANGO_", "PYTHON", "DATABASE_URL", "OPENAI_", "MINDWAVE_", "OTEL_", "VIRTUAL_ENV")
KEEP = "\nexport -p; printf 'cd %q\\n' \"$PWD\""


class Newcomer:
    """Follows the chapters of a page; `output` is what the latest commands printed.

    Three things are not as on the page. The address of the server gets a free port, questions of
    `createsuperuser` are answered by variables, and since `runserver` reloads changed files a
    moment later, it is started anew before it is needed.
    """

    def __init__(self, page: str, folder: Path, **environment: str) -> None:
        self._left = list(steps(page))
        self._folder = folder
        self._environment = _environment() | environment
        self._shell = f"cd {folder}\n"
        self._server_shell = ""
        self._server = ExitStack()
        self._stale = False
        self._port = free_port()
        self.output = ""

    @property
    def url(self) -> str:
        """Where the site is; it shows what is in the files now."""
        self._reload()
        return f"http://127.0.0.1:{self._port}"

    def follow(self, chapter: str) -> None:
        """Do what the next chapter says, block by block."""
        mine = [step for step in self._left if step.chapter == chapter]
        assert mine, f"There are no steps in {chapter!r}."
        assert mine == self._left[: len(mine)], f"{chapter!r} is not what comes next."
        del self._left[: len(mine)]
        for step in mine:
            self.do(step)

    def printed_by(self, command: str) -> str:
        """Return what a command prints in the newcomer's shell, whatever its exit status."""
        self._finished(f"{command} || true", command)
        return self.output

    def stop(self) -> None:
        """Stop the server, if one runs."""
        self._server.close()

    def finish(self) -> None:
        """Fail if something on the page was not done."""
        assert not self._left, f"Nobody has done {self._left[0].place}."

    def do(self, step: Step) -> None:
        """Change a file, run commands, or compare what the latest ones have printed."""
        if (act := change(step)) is not None:
            act(self._folder)
            self._stale = True
        elif step.language == "sh":
            self._run(step)
        elif step.language == "text":
            self._compare(step)
        else:
            raise AssertionError(f"{step.place}: what is to be done with this block?")

    def _run(self, step: Step) -> None:
        code = step.code.replace("path/to/the/clone", str(ROOT))
        code = code.replace("createsuperuser ", "createsuperuser --noinput ")
        if ADDRESS in code:
            self._reload()
            code = code.replace(ADDRESS, f"127.0.0.1:{self._port}")
        commands = SERVER.sub("", code)
        self._shell = self._finished(commands, step.place)
        if commands != code:
            self._server_shell = self._shell
            self._start()

    def _finished(self, commands: str, place: str) -> str:
        """Run commands to their end; return what makes a shell like the one they leave behind."""
        with TemporaryDirectory() as folder:
            kept = Path(folder) / "shell"
            ended = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", f"{self._shell}\n{commands}\n({KEEP}) > {kept}"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=LIMIT,
                check=False,
            )
            self.output = ended.stdout
            assert ended.returncode == 0, f"{place} failed:\n{ended.stdout}"
            return kept.read_text()

    def _compare(self, step: Step) -> None:
        """Look for a block in the output; `…` stands for anything."""
        pattern = ".*?".join(map(re.escape, step.code.rstrip("\n").split("…")))
        found = re.search(pattern, self.output, re.DOTALL)
        assert found, f"{step.place} is not what was printed:\n{self.output}"

    def _start(self) -> None:
        self.stop()
        self._stale = False
        command = f"{self._server_shell}\nexec python manage.py runserver --noreload {self._port}"
        self._server.enter_context(
            # The shell exports all that a newcomer's environment has.
            running(["env", "--ignore-environment", "bash", "-c", command], port=self._port)
        )

    def _reload(self) -> None:
        assert self._server_shell, "The page has not started the server yet."
        if self._stale:
            self._start()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"  # this Python is `python3`
    return kept | {"PATH": path, "DJANGO_SUPERUSER_PASSWORD": PASSWORD}


@contextmanager
def newcomer(page: str, **environment: str) -> Iterator[Newcomer]:
    """Return somebody with an empty folder; the page has to be done with at the end."""
    with TemporaryDirectory() as folder:
        somebody = Newcomer(page, Path(folder).resolve(), **environment)
        try:
            yield somebody
            somebody.finish()
        finally:
            somebody.stop()
