"""Who keeps the answers of the chat: the contract of a recorder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum

from mindwave_django.backends import CurrentBackend
from mindwave_django.conf import mindwave_settings
from mindwave_django.signals import StreamEnded


class Verdict(StrEnum):
    """What a recorder says to a generation that goes on writing."""

    GO_ON = "go_on"
    STOP = "stop"  # a person asked for it, perhaps in another process
    LOST = "lost"  # the answer has been given up for dead, or deleted


class Recorder(ABC):
    """Keeps answers by stream id: claims them, saves them on the way, and at their end.

    Every method is synchronous and runs in a thread whose database connections are given back
    afterwards. One instance serves every thread of a process.
    """

    @abstractmethod
    def claim(self, stream_id: str) -> bool:
        """Take a pending answer for this process; return False if somebody else has it.

        Exactly one of all callers, in all processes, is told True. Only that one asks the model.
        """

    @abstractmethod
    def checkpoint(self, stream_id: str, text: str | None, reasoning: str | None) -> Verdict:
        """Save what there is so far; called every CHECKPOINT_INTERVAL seconds.

        `None` means that nothing has changed since the last time. The call itself says that the
        writer lives, and asks whether it should.
        """

    @abstractmethod
    def finish(self, ended: StreamEnded) -> None:
        """Save the whole answer and how it ended, before any reader is told of the end.

        Called again, a few times, if it raises. Must not touch an answer that is claimed no more.
        """

    def last_reader_at(self, stream_id: str) -> float | None:
        """Return the Unix time at which a reader in another process was seen last, if any."""
        return None


# The recorder that MINDWAVE['CHAT']['RECORDER'] names, built at its first use.
current_recorder: CurrentBackend[Recorder] = CurrentBackend(
    mindwave_settings.CHAT,
    "RECORDER",
    Recorder,  # type: ignore[type-abstract]
)
