"""A process whose clock is wrong."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.utils import timezone


def move_clock(seconds: float) -> None:
    """Let Python's and Django's clock of this process be wrong by so many seconds, for good."""
    if not seconds:
        return
    right_time, right_now = time.time, timezone.now

    def now() -> datetime:
        return right_now() + timedelta(seconds=seconds)

    time.time = lambda: right_time() + seconds
    timezone.now = now
