"""PostgreSQL, started for tests: one server for a test run, with a database for each who asks."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path

from tests.support.processes import ROOT, START_LIMIT, STOP_LIMIT, at_exit, free_port

OPTIONS = "-c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
MIGRATED = "migrated"


def programs() -> Path:
    """Return the folder of the newest PostgreSQL; skip the test if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: len(str(path)))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise unittest.SkipTest("PostgreSQL is missing: apt-get install postgresql")
    return found[-1] if found else Path(str(on_path)).parent


class PostgreSQL:
    """A server with a folder and a port of its own, which can be stopped and started again."""

    def __init__(self) -> None:
        self._programs = programs()
        self._folder = Path(tempfile.mkdtemp(prefix="mindwave-postgresql-"))
        self._port = free_port()
        self._numbers = count()
        if os.geteuid() == 0:  # the server refuses root
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-U", "postgres", "-A", "trust", "--no-sync")
        at_exit(self.remove)
        self.start()
        self._sql(f"CREATE DATABASE {MIGRATED}")
        subprocess.run(
            [sys.executable, str(ROOT / "example_project" / "manage.py"), "migrate", "-v0"],
            env=os.environ | {"DATABASE_URL": self.url(MIGRATED)},
            check=True,
        )

    def url(self, database: str) -> str:
        """Return the address of a database, as the example takes it."""
        return f"postgres://postgres@127.0.0.1:{self._port}/{database}"

    def create_database(self) -> str:
        """Return the address of a new database with every table of the example."""
        name = f"test_{next(self._numbers)}"
        self._sql(f"CREATE DATABASE {name} TEMPLATE {MIGRATED}")
        return self.url(name)

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        options = f"{OPTIONS} -p {self._port} -k {self._folder}"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-w", "-t", str(int(START_LIMIT)), "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """Cut all connections and stop the server; waits until it is gone."""
        self._run("pg_ctl", "-w", "-m", "fast", "stop")

    def remove(self) -> None:
        """Stop the server by its process id, if it runs, and leave nothing behind."""
        file = self._data / "postmaster.pid"
        if file.exists():
            _end(int(file.read_text().split()[0]))
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _sql(self, statement: str) -> None:
        options = ("-U", "postgres", "-h", "127.0.0.1", "-p", str(self._port))
        subprocess.run(
            [str(self._programs / "psql"), *options, "-q", "-c", statement, "postgres"], check=True
        )

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self._data), *arguments]
        done = subprocess.run(
            [*_as_postgres(), *command],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be held open by the server
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise AssertionError(f"{command} failed with {done.returncode}.")


def _as_postgres() -> Sequence[str]:
    return ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()


def _end(process: int) -> None:
    os.kill(process, signal.SIGQUIT)  # immediate shutdown
    deadline = time.monotonic() + STOP_LIMIT
    while Path(f"/proc/{process}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)


@cache
def postgresql() -> PostgreSQL:
    """Return the server of this test run, which ends with it."""
    return PostgreSQL()
