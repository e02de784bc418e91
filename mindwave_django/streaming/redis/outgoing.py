"""An answer on its way to Redis, and what is sent of it at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from mindwave_django.conf import mindwave_settings
from mindwave_django.events import CancelReason, Ended
from mindwave_django.streaming.answer import Answer, Position
from mindwave_django.streaming.progress import PROGRESS_INTERVAL, Progress
from mindwave_django.streaming.redis import control, entries
from mindwave_django.streaming.redis.tasks import NEVER

WATCHED_INTERVAL = 0.05  # seconds between two appends of what somebody reads in another process
INTERVAL = 0.5  # of what nobody does
LEAST_RETENTION = 10.0  # seconds that those who wait have time to read the end
REWRITE_INTERVAL = 1.0  # seconds between two times that all of it is sent again on request

Cancel = Callable[[CancelReason], None]


class Outgoing:
    """How far an answer is on its way.

    `position` is what Redis has; None if that is not known, and Redis has to be asked. `version`
    changes whenever what is on its way just now says nothing about it any more.
    """

    def __init__(self, answer: Answer, cancel: Cancel, key: str) -> None:
        self.answer = answer
        self.cancel = cancel
        self.key = key
        self.position: Position | None = Position()
        self.has_start = False
        self.version = 0
        self.refusals = 0  # one after another
        self.arrived = asyncio.Event()  # its end has
        self._sent_at = self._figures_at = self._rewritten_at = self._watched_until = NEVER

    def is_watched(self, now: float) -> bool:
        """Whether somebody reads it in another process."""
        return now < self._watched_until

    def is_due(self, now: float) -> bool:
        """Whether Redis lacks something that should be there by now."""
        if self.position is None:
            return False
        if not self.has_start or self.answer.ended is not None:
            return True
        interval = WATCHED_INTERVAL if self.is_watched(now) else INTERVAL
        # Timers come a little early; whoever waits for the next one waits twice as long.
        return now - self._sent_at > 0.9 * interval and self.position != self.answer.end

    def see(self, now: float, seconds: float) -> None:
        """Note a reader elsewhere, for so many seconds."""
        self.answer.reader_seen()
        self._watched_until = now + seconds

    def ask(self) -> None:
        """Trust nothing: Redis has to be asked what it has."""
        self.position, self.version = None, self.version + 1

    def is_refused(self) -> None:
        """Note that Redis did not take all of what was sent."""
        self.refusals += 1
        self.ask()

    def is_as(self, entry: entries.Entry | None) -> None:
        """Take the last entry that Redis has for what it is; None: it has nothing."""
        self.has_start = entry is not None
        self.position = Position() if entry is None else entries.position_of(*entry)

    def may_rewrite(self, now: float) -> bool:
        """Whether it is time for another rewriting; if so, it is noted."""
        due = now - self._rewritten_at > REWRITE_INTERVAL
        self._rewritten_at = now if due else self._rewritten_at
        return due

    def sent(self, now: float) -> None:
        """Note that what there is goes out."""
        self._sent_at = now

    def figures(self, now: float) -> Progress | None:
        """Return its figures if they are due: at the end, and for readers elsewhere."""
        if self.answer.ended is None:
            if not self.is_watched(now) or now - self._figures_at < PROGRESS_INTERVAL:
                return None
            self._figures_at = now
        return self.answer.progress()


def is_twice(reply: Any) -> bool:
    """Whether Redis refuses an entry since it has one with this id, or a later one."""
    return isinstance(reply, Exception) and "equal or smaller" in str(reply)


class Batch:
    """What one pipeline holds of an answer, and where Redis is when it has it."""

    def __init__(self, pipe: Any, outgoing: Outgoing, process: str) -> None:
        self.outgoing = outgoing
        self._version = outgoing.version
        self._pipe = pipe
        self._first = len(pipe)
        if not outgoing.has_start:
            self._add_start(process)
        # The end is looked up first: text may grow meanwhile, but not after it.
        self.ended = outgoing.answer.ended
        self._position = outgoing.position or Position()
        self._add_entries()
        if self.ended is not None:
            retention = max(mindwave_settings.STREAMING.RETENTION, LEAST_RETENTION)
            pipe.pexpire(outgoing.key, int(retention * 1000))
        self._last = len(pipe)

    def _add_start(self, process: str) -> None:
        key, limits = self.outgoing.key, mindwave_settings.STREAMING
        fields = entries.start_fields(self.outgoing.answer.owner, process)
        self._pipe.xadd(key, fields, id=entries.START_ID)
        lifetime = limits.TIMEOUT + limits.RETENTION + control.SPARE
        self._pipe.pexpire(key, int(lifetime * 1000))

    def _add_entries(self) -> None:
        now = time.monotonic()
        added = [entries.piece_entry(p) for p in self.outgoing.answer.read(self._position)]
        if added:
            self._position = entries.position_of(*added[-1])
        if self.ended is not None:
            added.append(entries.end_entry(self._position, self.ended))
        if added:
            entries.add_progress(added[-1][1], self.outgoing.figures(now))
        for entry_id, fields in added:
            # A key that is gone is not made anew without its beginning, and without an expiry.
            self._pipe.xadd(self.outgoing.key, fields, id=entry_id, nomkstream=True)
        self.outgoing.sent(now)

    def settle(self, results: list[Any]) -> Ended | None:
        """Take the replies to the whole pipeline; return the end if Redis has it now."""
        replies = results[self._first : self._last]
        if self._version != self.outgoing.version:
            return None
        if any(reply is None or is_twice(reply) for reply in replies):
            self.outgoing.is_refused()
            return None
        if any(isinstance(reply, Exception) for reply in replies):
            self.outgoing.ask()
            return None
        self.outgoing.has_start, self.outgoing.position = True, self._position
        self.outgoing.refusals = 0
        return self.ended
