"""The example with a driver that keeps all answers open until it is told to go on."""

from __future__ import annotations

from example.settings import *  # noqa: F403
from example.settings import DATABASES as USUAL_DATABASES
from example.settings import MINDWAVE as USUAL

MINDWAVE = USUAL | {
    "DRIVERS": {"default": {"BACKEND": "tests.servers.drivers.Together"}},
    "STREAMING": USUAL["STREAMING"] | {"MAX_STREAMS": 2000},
    "CHAT": USUAL["CHAT"] | {"MAX_STREAMS_PER_OWNER": None},
}

# All answers end at once, and SQLite saves them one after another: the last one has to wait.
SQLITE = {"timeout": 120, "init_command": "PRAGMA synchronous=OFF; PRAGMA journal_mode=WAL"}
DATABASES = {"default": USUAL_DATABASES["default"] | {"OPTIONS": SQLITE}}
