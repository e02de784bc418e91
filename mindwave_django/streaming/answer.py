"""One answer: the text that grows, and positions in it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from mindwave_django.events import Ended
from mindwave_django.exceptions import AnswerTooLarge
from mindwave_django.streaming.progress import Progress


class Position(NamedTuple):
    """How far a reader is: bytes of UTF-8 text, and bytes of UTF-8 reasoning."""

    text: int = 0
    reasoning: int = 0


class Piece(NamedTuple):
    """A stretch of text or reasoning, and the position of a reader who has it."""

    data: bytes
    is_reasoning: bool
    end: Position


class _Run(NamedTuple):
    """Where a run of text or of reasoning begins; it ends where the next one begins."""

    is_reasoning: bool
    start: Position


def _unknown() -> None:
    return None


class Answer:
    """The text of one stream in memory, and who wants to hear when it grows.

    Written by one thread, read by any. Costs its text and a few hundred bytes.
    """

    def __init__(self, stream_id: str, owner: str = "", *, max_bytes: int | None = None) -> None:
        self.stream_id = stream_id
        self.owner = owner
        self.max_bytes = max_bytes
        self.ended: Ended | None = None
        self.is_broken_off = False
        self.on_idle: Callable[[], None] | None = None  # called when the last reader has left
        self.progress: Callable[[], Progress | None] = _unknown  # the figures of this moment
        self._left_at = time.time()
        self._text = bytearray()
        self._reasoning = bytearray()
        self._runs: list[_Run] = []
        self._listeners: list[Callable[[], None]] = []

    @property
    def end(self) -> Position:
        """The position of a reader who has everything."""
        return Position(len(self._text), len(self._reasoning))

    @property
    def size(self) -> int:
        """Bytes of text and reasoning."""
        return len(self._text) + len(self._reasoning)

    @property
    def text(self) -> str:
        """The whole text so far."""
        return self._text.decode()

    @property
    def reasoning(self) -> str:
        """The whole reasoning so far."""
        return self._reasoning.decode()

    def append(self, data: bytes, *, is_reasoning: bool = False) -> None:
        """Add whole characters in UTF-8 and tell the readers; never blocks.

        Raises AnswerTooLarge, and adds nothing, if the answer would exceed `max_bytes`.
        """
        if self.max_bytes is not None and self.size + len(data) > self.max_bytes:
            raise AnswerTooLarge(f"The answer exceeds {self.max_bytes} bytes.")
        if not self._runs or self._runs[-1].is_reasoning is not is_reasoning:
            self._runs.append(_Run(is_reasoning, self.end))
        (self._reasoning if is_reasoning else self._text).extend(data)
        self._tell()

    def finish(self, ended: Ended) -> None:
        """Add the terminal entry and tell the readers."""
        self.ended = ended
        self._tell()

    def break_off(self) -> None:
        """Send the readers away without an end, so that they come back: this copy cannot go on."""
        self.is_broken_off = True
        self._tell()

    def read(self, position: Position) -> list[Piece]:
        """Return what comes strictly after `position`, in the order in which it was written.

        That is nothing for a position past the end.
        """
        pieces: list[Piece] = []
        stop = self.end  # before the runs: the writer may go on meanwhile
        for run in reversed(self._runs):  # a reader has all but the last ones
            if piece := self._read_run(run, stop, position):
                pieces.append(piece)
            stop = run.start
            if stop.text <= position.text and stop.reasoning <= position.reasoning:
                break
        pieces.reverse()
        return pieces

    def _read_run(self, run: _Run, stop: Position, position: Position) -> Piece | None:
        start = run.start
        if run.is_reasoning:
            data = self._reasoning[max(position.reasoning, start.reasoning) : stop.reasoning]
            end = Position(start.text, stop.reasoning)
        else:
            data = self._text[max(position.text, start.text) : stop.text]
            end = Position(stop.text, start.reasoning)
        return Piece(bytes(data), run.is_reasoning, end) if data else None

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Call `listener`, in the writer's thread, whenever there is something new."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Callable[[], None]) -> None:
        """Stop calling `listener`."""
        self._listeners.remove(listener)
        self._left_at = time.time()
        if not self._listeners and self.on_idle is not None:
            self.on_idle()

    @property
    def is_read(self) -> bool:
        """Whether somebody reads it in this process."""
        return bool(self._listeners)

    def reader_seen(self) -> None:
        """Note that somebody reads this answer somewhere else."""
        self._left_at = time.time()

    @property
    def last_reader_at(self) -> float:
        """Unix time at which there was a reader last; infinity while there is one here."""
        return math.inf if self._listeners else self._left_at

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()
