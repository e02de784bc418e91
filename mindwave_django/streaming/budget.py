"""What an owner may still spend, while their answers are being written."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Protocol
from weakref import WeakValueDictionary

import msgspec

from mindwave_django.conf import ratelimit_settings
from mindwave_django.drivers.base import Driver
from mindwave_django.exceptions import BudgetExceeded, LimitUnavailable
from mindwave_django.pricing import ahas_price

_ATTRIBUTE = "_mindwave_allowances"


class Meter(Protocol):
    """Knows what an answer has used so far; None is unknown."""

    def spent_tokens(self) -> int | None:
        """Return the tokens of the call, those of its input included."""

    def spent_cost(self) -> Decimal | None:
        """Return what they cost."""


class Spending:
    """What one owner has spent in this process since somebody began to look."""

    def __init__(self) -> None:
        self.tokens = 0
        self.cost = Decimal(0)
        self._running: set[Meter] = set()

    def begin(self, meter: Meter) -> None:
        """Count an answer that runs."""
        self._running.add(meter)

    def end(self, meter: Meter) -> None:
        """Count what an answer that has ended has used."""
        self._running.discard(meter)
        self.tokens += meter.spent_tokens() or 0
        self.cost += meter.spent_cost() or Decimal(0)

    def tokens_by_now(self) -> int:
        """Return the tokens of all answers, those that run included."""
        return self.tokens + sum(meter.spent_tokens() or 0 for meter in self._running)

    def cost_by_now(self) -> Decimal:
        """Return what all answers cost, those that run included."""
        costs = (meter.spent_cost() or Decimal(0) for meter in self._running)
        return sum(costs, self.cost)


_spendings: WeakValueDictionary[str, Spending] = WeakValueDictionary()


def spending_of(owner: str) -> Spending:
    """Return the spending of an owner in this process, as long as anybody refers to it."""
    return _spendings.setdefault(owner, Spending())


class Allowance(msgspec.Struct, frozen=True, eq=False):
    """What was left of one budget of an owner when a call was let in.

    `tokens` and `cost` are what may be spent from then on, by all answers of the owner in this
    process; None is no bound.
    """

    owner: str
    spending: Spending
    tokens: int | None = None
    cost: Decimal | None = None

    @property
    def is_used_up(self) -> bool:
        """Whether nothing is left by now."""
        if self.tokens is not None and self.spending.tokens_by_now() >= self.tokens:
            return True
        return self.cost is not None and self.spending.cost_by_now() >= self.cost


def require(allowances: Iterable[Allowance]) -> None:
    """Raise BudgetExceeded unless something is left of each."""
    if any(allowance.is_used_up for allowance in allowances):
        raise BudgetExceeded("What may be spent in this time has been spent.")


async def require_price(allowances: Iterable[Allowance], model: str, driver: Driver) -> None:
    """Raise LimitUnavailable if a cost is bounded and nobody knows what the model costs."""
    if all(allowance.cost is None for allowance in allowances) or ratelimit_settings.fail_open:
        return
    if not await ahas_price(model, driver):
        raise LimitUnavailable(f"Nobody knows the price of model {model!r}: see PRICING.")


def begin(allowances: Iterable[Allowance], meter: Meter) -> None:
    """Count an answer for the owners of these allowances."""
    for spending in {allowance.spending for allowance in allowances}:
        spending.begin(meter)


def end(allowances: Iterable[Allowance], meter: Meter) -> None:
    """Count it as ended."""
    for spending in {allowance.spending for allowance in allowances}:
        spending.end(meter)


def held_allowances(request: Any) -> tuple[Allowance, ...]:
    """Return what the budgets before the view have left for this request."""
    held: tuple[Allowance, ...] = getattr(request, _ATTRIBUTE, ())
    return held


def hold_allowances(request: Any, allowances: Iterable[Allowance]) -> None:
    """Bound the stream that this request starts by these, beside others."""
    # Of the request itself, not of what a framework wraps around it.
    inner = getattr(request, "_request", request)
    setattr(inner, _ATTRIBUTE, (*held_allowances(request), *allowances))
