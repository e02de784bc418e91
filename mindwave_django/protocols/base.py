"""How a reader sees an answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from mindwave_django.events import Ended
from mindwave_django.streaming.answer import Piece, Position
from mindwave_django.streaming.follow import Followed, Heartbeat
from mindwave_django.streaming.progress import Progress


class Protocol(ABC):
    """Turns what a follower reads into bytes; pure, one instance for each response.

    With `details` the end says more: finish reason, usage and cost.
    """

    content_type: ClassVar[str]

    def __init__(self, stream_id: str, *, details: bool = False) -> None:
        self.stream_id = stream_id
        self.details = details

    @abstractmethod
    def start(self, position: Position) -> bytes:
        """Return what opens the response, for a reader at `position`."""

    @abstractmethod
    def piece(self, piece: Piece) -> bytes:
        """Return a stretch of text or reasoning."""

    @abstractmethod
    def heartbeat(self) -> bytes:
        """Return a sign of life."""

    @abstractmethod
    def progress(self, figures: Progress) -> bytes:
        """Return the figures of the moment, for readers who asked for them."""

    @abstractmethod
    def end(self, ended: Ended) -> bytes:
        """Return the end; texts for people are in the active language."""

    def encode(self, portion: Sequence[Followed]) -> bytes:
        """Return one portion of a follower as one write."""
        return b"".join(map(self._encode, portion))

    def _encode(self, item: Followed) -> bytes:
        if isinstance(item, Piece):
            return self.piece(item)
        if isinstance(item, Progress):
            return self.progress(item)
        return self.heartbeat() if isinstance(item, Heartbeat) else self.end(item)
