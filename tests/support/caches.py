"""Redis and Memcached, started for a test on free ports, and how a Django project uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

from django.core.cache import BaseCache
from django.core.cache.backends.memcached import PyMemcacheCache
from django.core.cache.backends.redis import RedisCache

from tests.support.processes import Process, free_port, require, running
from tests.support.redis_servers import redis_server


class CacheServer(NamedTuple):
    """A running cache: its process, and the setting that names it."""

    process: Process
    backend: type[BaseCache]
    location: str

    @property
    def client(self) -> Any:
        """Django's cache on this server."""
        return self.backend(self.location, {})

    @property
    def environment(self) -> dict[str, str]:
        """What `tests.support.settings_limits` reads."""
        path = f"{self.backend.__module__}.{self.backend.__qualname__}"
        return {"CACHE_BACKEND": path, "CACHE_LOCATION": self.location}


@contextmanager
def redis() -> Iterator[CacheServer]:
    """Run Redis, which keeps nothing on disk."""
    with redis_server() as (port, process):
        yield CacheServer(process, RedisCache, f"redis://127.0.0.1:{port}")


@contextmanager
def memcached() -> Iterator[CacheServer]:
    """Run Memcached."""
    port = free_port()
    program = require("memcached", "apt-get install memcached")
    command = [program, "-p", str(port), "-l", "127.0.0.1", "-U", "0", "-u", "nobody"]
    with running(command, port=port) as process:
        yield CacheServer(process, PyMemcacheCache, f"127.0.0.1:{port}")


CACHES: dict[str, Callable[[], AbstractContextManager[CacheServer]]] = {
    "redis": redis,
    "memcached": memcached,
}
