"""How far an answer is, in figures: tokens, tokens per second, time, and what it costs so far."""

from __future__ import annotations

import time
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from mindwave_django.events import Ended, Usage
from mindwave_django.pricing import estimated_cost
from mindwave_django.streaming.call import Call
from mindwave_django.tokens import MESSAGE_OVERHEAD, estimate

PROGRESS_INTERVAL = 0.5  # seconds from one `progress` to the next; a rate over less is noise


class Progress(msgspec.Struct, frozen=True):
    """The figures of one moment.

    `tokens` are the chunks that have come, of text and reasoning, until the end says how many
    tokens they were. `tokens_per_second` is of text, since the first of it. `elapsed` are seconds
    since the driver was asked. None is unknown, never zero.
    """

    tokens: int
    tokens_per_second: float | None
    elapsed: float
    cost: Decimal | None = None

    def rounded(self) -> dict[str, Any]:
        """Return the figures as readers are shown them: two decimals, and four of the cost."""
        rate = self.tokens_per_second
        return {
            "tokens": self.tokens,
            "tokens_per_second": None if rate is None else round(rate, 2),
            "elapsed": round(self.elapsed, 2),
            "cost": None if self.cost is None else round(float(self.cost), 4),
        }


def rate_of(tokens: int, seconds: float) -> float | None:
    """Return tokens per second; None if too little time has passed to tell."""
    return tokens / seconds if seconds >= PROGRESS_INTERVAL else None


class Gauge:
    """Counts the chunks of one answer, and reckons nothing until somebody asks.

    Written by one thread, read by any. Outlives the generation, with the answer.
    """

    def __init__(self, call: Call) -> None:
        self.chunks = 0  # of text
        self._thoughts = 0  # chunks of reasoning
        self._began = time.monotonic()
        self._first: float | None = None  # when text came first
        self._estimate: _Estimate | None = _Estimate(call)
        self._ended: Ended | None = None
        self._stopped_at: float | None = None

    def count(self, *, is_text: bool) -> None:
        """Count a chunk."""
        if not is_text:
            self._thoughts += 1
            return
        self.chunks += 1
        if self._first is None:
            self._first = time.monotonic()

    def stop(self) -> None:
        """Stop the clock: nothing comes any more, and to settle the end may take a while."""
        self._stopped_at = time.monotonic()

    def end(self, ended: Ended) -> None:
        """Take what the end knows as the truth."""
        self._ended = ended
        self._estimate = None  # the messages need not live as long as the answer

    def read(self) -> Progress | None:
        """Return the figures of this moment; None before the first token."""
        tokens = self.chunks + self._thoughts
        if not tokens:
            return None
        ended, estimate = self._ended, self._estimate
        if ended is not None:
            return self._final(ended, tokens)
        cost = None if estimate is None else estimate.cost(tokens)
        return self._progress(tokens, self.chunks, cost)

    def spent_tokens(self) -> int | None:
        """Return the tokens of the call by now, those of its input included; None if unknown."""
        ended, estimate = self._ended, self._estimate
        if ended is None and estimate is not None:
            return estimate.input_tokens + self.chunks + self._thoughts
        usage = None if ended is None else ended.usage
        if usage is None or usage.input_tokens is None or usage.output_tokens is None:
            return None
        return usage.input_tokens + usage.output_tokens

    def spent_cost(self) -> Decimal | None:
        """Return what they cost; None if unknown."""
        ended, estimate = self._ended, self._estimate
        if ended is None and estimate is not None:
            return estimate.cost(self.chunks + self._thoughts)
        return None if ended is None else ended.cost

    def _final(self, ended: Ended, counted: int) -> Progress:
        tokens, thoughts = counted, self._thoughts
        if ended.usage is not None and ended.usage.output_tokens is not None:
            tokens = ended.usage.output_tokens
            # Output tokens include those of reasoning that nobody was shown.
            thoughts = ended.usage.reasoning_tokens or thoughts
        return self._progress(tokens, max(tokens - thoughts, 0), ended.cost)

    def _progress(self, tokens: int, of_text: int, cost: Decimal | None) -> Progress:
        now = time.monotonic() if self._stopped_at is None else self._stopped_at
        rate = None if self._first is None else rate_of(of_text, now - self._first)
        return Progress(tokens, rate, now - self._began, cost)


class _Estimate:
    """What a call costs if it ends after so many tokens."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def cost(self, output_tokens: int) -> Decimal | None:
        usage = Usage(self.input_tokens, output_tokens)
        return estimated_cost(usage, self._call.model, self._call.driver)

    @cached_property
    def input_tokens(self) -> int:
        return sum(estimate(message.content) + MESSAGE_OVERHEAD for message in self._call.messages)
