"""Programs that tests start, on free ports, and stop again by their process id."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from multiprocessing.util import Finalize
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
START_LIMIT = 30.0  # seconds for a program to listen
STOP_LIMIT = 10.0  # seconds for a program to end after SIGTERM


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def require(program: str, install: str) -> str:
    """Return the path of a program; skip the test, saying what to install, if it is missing."""
    path = shutil.which(program)
    if path is None:
        raise unittest.SkipTest(f"{program} is missing: {install}")
    return path


def at_exit(callback: Callable[[], object]) -> None:
    """Call at the end of this process, also if it is one of those that `--parallel` starts.

    Those do what `atexit` registers only from Python 3.13.
    """
    Finalize(None, callback, exitpriority=0)


class Process:
    """A running program and what it has printed."""

    def __init__(self, popen: subprocess.Popen[bytes], output: Path) -> None:
        self.popen = popen
        self._output = output

    @property
    def output(self) -> str:
        """Everything it has printed so far."""
        return self._output.read_text(errors="replace")

    def send(self, signal_number: int) -> None:
        """Send a signal to the program itself."""
        self.popen.send_signal(signal_number)

    def stop(self) -> None:
        """End the program and all its children; waits until they are gone."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.popen.pid, number)
            except ProcessLookupError:
                break
            try:
                self.popen.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                continue
        self.popen.wait(STOP_LIMIT)


@contextmanager
def running(
    command: Sequence[str], *, port: int, env: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Iterator[Process]:
    """Run a program that listens on `port`; it is ready inside the block and gone after it."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        with output.open("wb") as file:
            popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=os.environ | dict(env or {}),
                start_new_session=True,  # its own process group, so that children go with it
            )
        process = Process(popen, output)
        try:
            _wait_until_listening(process, port)
            yield process
        finally:
            process.stop()


def _wait_until_listening(process: Process, port: int) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline:
        if process.popen.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"{process.popen.args} did not listen on {port}:\n{process.output}")


def family(root: int) -> list[int]:
    """Return a process and those it has started."""
    children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    return [root, *(one for child in children for one in family(int(child)))]


def cpu_seconds(process: int) -> float:
    """Return the processor time that a process has used, all its threads together.

    By the clock that Linux keeps of each process, clock_getcpuclockid(3): `stat` in /proc counts in
    hundredths of a second.
    """
    return time.clock_gettime((~process << 3) | 2)


def resident_memory(process: int) -> int:
    """Return the memory of a process in bytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


@cache
def migrated_database() -> Path:
    """Return an SQLite file with every table of the example; copy it, do not write to it."""
    folder = tempfile.mkdtemp(prefix="mindwave-")
    at_exit(partial(shutil.rmtree, folder))
    path = Path(folder) / "migrated.sqlite3"
    subprocess.run(
        [sys.executable, str(ROOT / "example_project" / "manage.py"), "migrate", "-v0"],
        env=os.environ | {"DATABASE_URL": f"sqlite:///{path}"},
        check=True,
    )
    return path
