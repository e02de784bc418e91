"""The application servers that Django developers use, with the example project behind them."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from tests.support.processes import ROOT, Process, free_port, migrated_database, running

PYTHON = sys.executable
ASGI = "example.asgi:application"
WSGI = "example.wsgi:application"

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
WSGI_SERVERS = {"gunicorn-sync", "gunicorn-gthread", "runserver"}


class Server:
    """A running application server: its address, its process, and what it has saved."""

    def __init__(self, process: Process, port: int, database: Path) -> None:
        self.process = process
        self.port = port
        self.database = database
        self.url = f"http://127.0.0.1:{port}"

    def saved(self) -> list[tuple[str, str, str]]:
        """Return prompt, answer and outcome of every message that the example has saved."""
        with closing(sqlite3.connect(self.database, timeout=60)) as connection:
            query = "SELECT prompt, answer, outcome FROM chat_chatmessage"
            return connection.execute(query).fetchall()


@contextmanager
def serving(name: str, env: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve the example project with the server called `name`, on a database of its own.

    `env` configures the example: OPENAI_BASE_URL, MINDWAVE_HEARTBEAT_INTERVAL, …
    """
    port = free_port()
    program, *arguments = (part.format(port=port) for part in SERVERS[name])
    run = [PYTHON] if program.endswith(".py") else [PYTHON, "-m"]
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "db.sqlite3"
        shutil.copy(migrated_database(), database)
        defaults = {
            "DATABASE_URL": f"sqlite:///{database}",
            "DJANGO_SETTINGS_MODULE": "example.settings",
            "PYTHONPATH": f"{ROOT / 'example_project'}:{ROOT}",
            "PYTHONWARNINGS": "default",
        }
        command = [*run, program, *arguments]
        with running(command, port=port, env=defaults | dict(env or {})) as process:
            yield Server(process, port, database)
