"""How many answers this process streams at the same time."""

from __future__ import annotations

import os
import random
from typing import Any
from weakref import WeakSet

from mindwave_django.conf import mindwave_settings
from mindwave_django.exceptions import Overloaded

# Seconds after which a refused client may come back: at random, or all of them would at once.
RETRY_AFTER = (2.0, 10.0)


class Capacity:
    """Counts what runs, and what was let in and has not begun.

    What was let in and forgotten counts no more once nothing refers to it.
    """

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self.running: set[Any] = set()
        self._waiting: WeakSet[Any] = WeakSet()

    def __len__(self) -> int:
        """How many run or are about to."""
        return len(self.running) + len(self._waiting)

    def require(self) -> None:
        """Raise Overloaded if STREAMING['MAX_STREAMS'] has been reached."""
        limit = mindwave_settings.STREAMING.MAX_STREAMS
        if len(self) >= limit:
            raise Overloaded(
                f"This process streams {limit} answers already.",
                retry_after=random.uniform(*RETRY_AFTER),  # noqa: S311  # no secret
            )

    def admit(self, waiting: Any) -> None:
        """Count something that will begin, as long as somebody refers to it."""
        self._waiting.add(waiting)

    def leave(self, waiting: Any) -> None:
        """Count it no more: it begins now."""
        self._waiting.discard(waiting)

    def add(self, running: Any) -> None:
        """Count something that runs, until it is discarded."""
        self.running.add(running)

    def discard(self, running: Any) -> None:
        """Count it no more: it has ended."""
        self.running.discard(running)


capacity = Capacity()
os.register_at_fork(after_in_child=capacity._reset)
