"""A recorder without a database."""

from __future__ import annotations

from typing import Any

from mindwave_django.signals import StreamEnded
from mindwave_django.streaming.recorder import Recorder, Verdict

STREAM = "a" * 32


class FakeRecorder(Recorder):
    """Remembers what it was told, and says what it is told to say."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.verdict = Verdict.GO_ON
        self.claimed = True
        self.faults: list[Exception] = []
        self.reader_at: float | None = None

    def claim(self, stream_id: str) -> bool:
        self.told.append(("claim", stream_id))
        return self.claimed

    def checkpoint(self, stream_id: str, text: str | None, reasoning: str | None) -> Verdict:
        if self.faults:
            raise self.faults.pop(0)
        self.told.append((text, reasoning))
        return self.verdict

    def finish(self, ended: StreamEnded) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.told.append(ended)

    def last_reader_at(self, stream_id: str) -> float | None:
        return self.reader_at

    @property
    def endings(self) -> list[StreamEnded]:
        return [told for told in self.told if isinstance(told, StreamEnded)]
