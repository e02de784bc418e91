"""Databases with every table of the example, and their rows through the ORM of this process."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections

from example.settings import database as settings_of
from tests.support.postgresql import postgresql
from tests.support.processes import migrated_database

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@contextmanager
def fresh_database(vendor: str) -> Iterator[str]:
    """Give the address of an empty database of this vendor, as the example takes it."""
    if vendor == POSTGRESQL:
        yield postgresql().create_database()
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "db.sqlite3"
        shutil.copy(migrated_database(), file)
        yield f"sqlite:///{file}"


@contextmanager
def default_database(url: str) -> Iterator[None]:
    """Let `default` be the database at this address, in every thread of this process."""
    usual, settings = connections["default"], connections.settings["default"]
    connections.settings["default"] = settings | {"OPTIONS": {}} | settings_of(url)
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = settings
        connections["default"] = usual
