"""Copies of answers that other processes write, kept as long as somebody here reads them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import msgspec

from mindwave_django.events import Ended, Outcome
from mindwave_django.exceptions import Interrupted
from mindwave_django.streaming.answer import Answer
from mindwave_django.streaming.progress import Progress
from mindwave_django.streaming.redis import entries
from mindwave_django.streaming.redis.keys import Keys
from mindwave_django.streaming.redis.tasks import NEVER

LINGER = 10.0  # seconds that a copy is kept which nobody reads: somebody may be about to
LOST = Ended(Outcome.FAILED, code=Interrupted.code)


class Copy:
    """A copy of an answer: how far it is, and who writes the original."""

    def __init__(self, stream_id: str, start: entries.Start) -> None:
        self.answer = Answer(stream_id, start.owner)
        self.answer.progress = self._progress
        self.process = start.process
        self.last_id: bytes | str = entries.START_ID
        self.stuck_until = self.said_at = NEVER
        self.heard_at = time.monotonic()
        self.missing_since: float | None = None
        self._figures: Progress | None = None
        self._figures_at = 0.0

    @property
    def is_wanted(self) -> bool:
        """Whether somebody reads it, did so just now, or is about to."""
        return self.answer.last_reader_at > time.time() - LINGER

    def take(self, found: entries.Entries) -> None:
        """Add entries; raises `entries.Gap` if some are missing before them."""
        for entry_id, fields in found:
            try:
                self._take(entry_id, fields)
            except (KeyError, ValueError, msgspec.MsgspecError) as exc:  # it is none of ours
                raise entries.Gap from exc

    def _take(self, entry_id: bytes, fields: entries.Fields) -> None:
        entries.apply(self.answer, entry_id, fields)
        self.last_id, self.heard_at = entry_id, time.monotonic()
        if (figures := entries.progress_of(fields)) is not None:
            self._figures, self._figures_at = figures, time.monotonic()

    def _progress(self) -> Progress | None:
        figures = self._figures
        if figures is None or self.answer.ended is not None:
            return figures
        since = time.monotonic() - self._figures_at
        return msgspec.structs.replace(figures, elapsed=figures.elapsed + since)


class Copies:
    """The copies of one event loop, by bucket."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._by_bucket: dict[int, dict[str, Copy]] = {}

    def __iter__(self) -> Iterator[Copy]:
        """Iterate over all of them."""
        return iter([copy for each in self._by_bucket.values() for copy in each.values()])

    def of(self, bucket: int) -> list[Copy]:
        """Return those of a bucket."""
        return list(self._by_bucket.get(bucket, {}).values())

    def get(self, stream_id: str) -> Copy | None:
        """Return the copy of a stream, if there is one."""
        return self._by_bucket.get(self._keys.bucket(stream_id), {}).get(stream_id)

    def add(self, copy: Copy) -> Copy:
        """Put one in, unless there is one of the same stream; return the one that is there then."""
        stream_id = copy.answer.stream_id
        bucket = self._by_bucket.setdefault(self._keys.bucket(stream_id), {})
        return bucket.setdefault(stream_id, copy)

    def drop(self, copy: Copy) -> None:
        """Follow it no more; one that has taken its place stays."""
        stream_id = copy.answer.stream_id
        bucket = self._by_bucket.get(self._keys.bucket(stream_id), {})
        if bucket.get(stream_id) is copy:
            del bucket[stream_id]

    def lose(self, copy: Copy) -> None:
        """Tell its readers that nobody writes it any more."""
        self.drop(copy)
        if copy.answer.ended is None:
            copy.answer.finish(LOST)

    def send_away(self, copy: Copy) -> None:
        """Let its readers come back, and look anew where it is."""
        self.drop(copy)
        copy.answer.break_off()
