"""manage.py as a person has it: under a terminal, with the keys they press."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.processes import ROOT

LIMIT = 20.0  # seconds for anything that a test waits for
CONTROL_C, CONTROL_D, ENTER = "\x03", "\x04", "\r"

# Only a process that leads its session can have a terminal of its own, to which Ctrl-C is a signal.
LAUNCH = (
    "import fcntl, os, sys, termios;"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A running program and the terminal that it is in."""

    def __init__(self, process: subprocess.Popen[bytes], keyboard: int) -> None:
        self.process = process
        self.screen = ""
        self.commands: list[str] = []  # what the terminal was told to do
        self._keyboard = keyboard
        self._seen = 0

    def press(self, *keys: str) -> None:
        """Press keys, in the order given."""
        os.write(self._keyboard, "".join(keys).encode())

    def wait_for(self, text: str) -> str:
        """Wait until `text` shows, after what was waited for before; return what showed with it."""
        deadline = time.monotonic() + LIMIT
        while (found := self.screen.find(text, self._seen)) < 0:
            assert self._read(deadline), f"{text!r} did not show:\n{self.screen}"
        start, self._seen = self._seen, found + len(text)
        return self.screen[start : self._seen]

    def settle(self) -> None:
        """Wait until the program waits for keys.

        Python's readline may miss a Ctrl-C that comes a moment before, until the next one.
        """
        deadline = time.monotonic() + LIMIT
        stat = Path(f"/proc/{self.process.pid}/stat")
        while stat.read_text().rpartition(")")[2].split()[0] != "S":
            assert time.monotonic() < deadline, "The program does not come to rest."
            time.sleep(0.01)

    def exit_status(self) -> int:
        """Wait until the program has ended."""
        deadline = time.monotonic() + LIMIT
        while self._read(deadline):
            pass
        return self.process.wait(LIMIT)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._keyboard], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._keyboard, 65536)
        except OSError:  # how Linux says that nobody has the terminal open any more
            return False
        text = data.decode(errors="replace")
        self.commands += ESCAPES.findall(text)
        self.screen += ESCAPES.sub("", text).replace("\r", "")
        return bool(data)


@contextmanager
def terminal(*arguments: str, **env: str) -> Iterator[Terminal]:
    """Run a command of the example's manage.py in a terminal."""
    keyboard, screen = pty.openpty()
    command = [sys.executable, "-c", LAUNCH, sys.executable, "example_project/manage.py"]
    process = subprocess.Popen(
        [*command, *arguments],
        stdin=screen,
        stdout=screen,
        stderr=screen,
        cwd=ROOT,
        env=environment(**env),
        start_new_session=True,
    )
    os.close(screen)
    try:
        yield Terminal(process, keyboard)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(LIMIT)
        os.close(keyboard)


def environment(**env: str) -> dict[str, str]:
    """Return the environment of a fresh shell, with a database in memory."""
    fresh = {"DATABASE_URL": "sqlite:///:memory:", "TERM": "xterm", "PYTHONUNBUFFERED": ""}
    return os.environ | fresh | env
