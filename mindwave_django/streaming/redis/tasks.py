"""The background tasks of a log on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context

PAUSE = 1.0  # seconds before Redis is tried again
NEVER = -1e9  # a monotonic time before all others


class Tasks(dict[str, "asyncio.Task[None]"]):
    """Tasks by name: each is there as long as it has work."""

    def keep_on(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do this work in a task, unless there is one of this name."""
        if name not in self:
            # In no context of a request or a stream: it serves all of them.
            self[name] = asyncio.create_task(
                self._until_done(name, work), name=f"mindwave-redis-{name}", context=Context()
            )

    async def _until_done(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:  # at once: what is added a moment later needs a new task
            del self[name]


def is_cancelled() -> bool:
    """Whether the running task was told to end; libraries below may have swallowed that.

    redis-py waits with `asyncio.wait_for`, which does so on Python 3.11 now and then.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
