"""What comes out of a driver, and how an answer ended."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import msgspec


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of the answer."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of what the model thinks before and while it answers."""

    text: str


class UsageSource(StrEnum):
    """Where token counts come from, most trustworthy first."""

    REPORTED = "reported"  # by the provider
    TOKENIZER = "tokenizer"  # counted here with the model's tokenizer
    ESTIMATED = "estimated"  # guessed from the length of the texts


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Tokens of one call; `None` means unknown, never zero.

    `input_tokens` include `cached_input_tokens`, `output_tokens` include `reasoning_tokens`.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    source: UsageSource = UsageSource.REPORTED


class Finished(msgspec.Struct, frozen=True):
    """The provider says that the answer is complete; the last event of a driver.

    `reason` is the provider's: `stop`, `length`, `content_filter`, …; empty if it gave none.
    """

    reason: str = "stop"
    usage: Usage | None = None
    model: str = ""
    response_id: str = ""


DriverEvent: TypeAlias = TextDelta | ReasoningDelta | Finished


class Outcome(StrEnum):
    """The three ways in which an answer ends."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CancelReason(StrEnum):
    """Why a generation was cancelled."""

    USER = "user"
    NO_READER = "no_reader"
    SHUTDOWN = "shutdown"


class Ended(msgspec.Struct, frozen=True):
    """The terminal entry of an answer: exactly one, and nothing after it.

    `code` belongs to a failure (see `exceptions`), `reason` to a cancellation; `retry_after` is in
    seconds.
    """

    outcome: Outcome
    code: str = ""
    reason: CancelReason | None = None
    retry_after: float | None = None
    finish_reason: str = ""
    usage: Usage | None = None
    cost: Decimal | None = None
