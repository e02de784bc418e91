"""What a worker, the database and Redis hold, counted from outside and by the worker itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
from django.db import connection
from redis.asyncio import Redis

from tests.support.processes import resident_memory

MIB = 1024 * 1024


class Held(NamedTuple):
    """What one worker holds."""

    tasks: int
    threads: int
    answers: int
    descriptors: int
    memory: int  # bytes

    def __str__(self) -> str:
        return (
            f"{self.tasks} tasks, {self.threads} threads, {self.descriptors} descriptors, "
            f"{self.memory / MIB:.0f} MiB"
        )


async def held_by(url: str, process: int) -> Held:
    """Count what a worker holds."""
    async with aiohttp.ClientSession() as http, http.get(f"{url}/held/") as response:
        told: dict[str, Any] = await response.json()
    return Held(
        **told,
        descriptors=len(list(Path(f"/proc/{process}/fd").iterdir())),
        memory=resident_memory(process),
    )


class Around(NamedTuple):
    """What the back ends hold."""

    database_connections: int
    redis_connections: int
    redis_keys: int
    redis_memory: int  # bytes

    def __str__(self) -> str:
        return (
            f"{self.database_connections} connections of PostgreSQL, {self.redis_connections} of "
            f"Redis, {self.redis_keys} keys, {self.redis_memory / MIB:.1f} MiB in Redis"
        )


async def held_around(redis_url: str) -> Around:
    """Count what the back ends hold, this process's own connections left out."""
    database = await asyncio.to_thread(_database_connections)
    client = Redis.from_url(redis_url)
    try:
        info: dict[str, Any] = await client.info()
        keys = await client.dbsize()
        return Around(database, info["connected_clients"] - 1, keys, info["used_memory"])
    finally:
        await client.aclose()


def _database_connections() -> int:
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        number = int(cursor.fetchone()[0])
    connection.close()
    return number
