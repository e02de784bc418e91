"""The application servers that Django developers use, with the example project behind them."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tests.support.processes import ROOT, Process, free_port, migrated_database, running

PYTHON = sys.executable
ASGI = "example.asgi:application"
WSGI = "example.wsgi:application"

SOCKETS = f"{tempfile.gettempdir()}/mindwave-{{port}}.sock"

# {port} is filled in. Each is how its own documentation starts it.
SERVERS: dict[str, tuple[str, ...]] = {
    "uvicorn": ("uvicorn", ASGI, "--port", "{port}", "--lifespan", "off"),
    "daphne": ("daphne", "-p", "{port}", ASGI),
    "hypercorn": ("hypercorn", "-b", "127.0.0.1:{port}", ASGI),
    "granian": ("granian", "--interface", "asginl", "--port", "{port}", ASGI),
    "gunicorn-uvicorn": (
        "gunicorn",
        "-k",
        "uvicorn_worker.UvicornWorker",
        "-b",
        "127.0.0.1:{port}",
        ASGI,
    ),
    "gunicorn-asgi": ("gunicorn", "-k", "asgi", "-b", "127.0.0.1:{port}", ASGI),
    "gunicorn-sync": ("gunicorn", "-k", "sync", "-b", "127.0.0.1:{port}", WSGI),
    "gunicorn-gthread": (
        "gunicorn",
        "-k",
        "gthread",
        "--threads",
        "8",
        "-b",
        "127.0.0.1:{port}",
        WSGI,
    ),
    "runserver": ("example_project/manage.py", "runserver", "--noreload", "127.0.0.1:{port}"),
}
# The same with several worker processes, enough threads for a crowd, and no long farewell.
SEVERAL_WORKERS: dict[str, tuple[str, ...]] = {
    "uvicorn-4": (*SERVERS["uvicorn"], "--workers", "4"),
    "gunicorn-sync-2": (*SERVERS["gunicorn-sync"][:-1], "-w", "2", WSGI),
    "gunicorn-uvicorn-3": (
        "gunicorn",
        "-k",
        "uvicorn_worker.UvicornWorker",
        "-w",
        "3",
        "-b",
        "127.0.0.1:{port}",
        ASGI,
    ),
    "gunicorn-gthread-3": (
        "gunicorn",
        "-k",
        "gthread",
        "-w",
        "3",
        "--threads",
        "24",
        "--graceful-timeout",
        "1",
        "-b",
        "127.0.0.1:{port}",
        WSGI,
    ),
}
# The same on a unix socket too, for a proxy before them.
ON_SOCKETS: dict[str, tuple[str, ...]] = {
    f"{name}-unix": (*SERVERS[name][:-1], "-b", f"unix:{SOCKETS}", SERVERS[name][-1])
    for name in ("gunicorn-uvicorn", "gunicorn-gthread")
}
WSGI_SERVERS = {"gunicorn-sync", "gunicorn-gthread", "runserver"}


class Server:
    """A running application server: its address, its process, and what it has saved."""

    database: Path  # of servers that have one of their own

    def __init__(self, process: Process, port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def saved(self) -> list[tuple[str, str, str]]:
        """Return prompt, answer and outcome of every message that the example has saved."""
        with closing(sqlite3.connect(self.database, timeout=60)) as connection:
            query = "SELECT prompt, answer, outcome FROM chat_chatmessage"
            return connection.execute(query).fetchall()


@contextmanager
def serving(
    name: str, env: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> Iterator[Server]:
    """Serve the example project with the server called `name`, on a database of its own.

    `env` configures the example: OPENAI_BASE_URL, MINDWAVE_HEARTBEAT_INTERVAL, …
    `options` are further ones of the server.
    """
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "db.sqlite3"
        shutil.copy(migrated_database(), database)
        with serving_on(f"sqlite:///{database}", name, env, options) as server:
            server.database = database
            yield server


@contextmanager
def serving_on(
    url: str, name: str, env: Mapping[str, str] | None = None, options: Sequence[str] = ()
) -> Iterator[Server]:
    """Serve the example project on the database at `url`, which others may use too."""
    port = free_port()
    known = SERVERS | SEVERAL_WORKERS | ON_SOCKETS
    program, *arguments = (part.format(port=port) for part in known[name])
    run = [PYTHON] if program.endswith(".py") else [PYTHON, "-m"]
    defaults = {
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "example.settings",
        "MINDWAVE_RATE": "",
        "PYTHONPATH": f"{ROOT / 'example_project'}:{ROOT}",
        "PYTHONWARNINGS": "default",
    }
    command = [*run, program, *arguments, *options]
    with running(command, port=port, env=defaults | dict(env or {})) as process:
        yield Server(process, port)


@contextmanager
def serving_together(
    url: str, names: Sequence[str], env: Mapping[str, str] | None = None
) -> Iterator[list[Server]]:
    """Serve the example project with several servers on one database; they start side by side."""
    with ExitStack() as stack, ThreadPoolExecutor() as threads:
        starting = [
            threads.submit(stack.enter_context, serving_on(url, name, env)) for name in names
        ]
        yield [future.result() for future in starting]
