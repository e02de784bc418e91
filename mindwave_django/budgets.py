"""How much an owner may spend, by the ledger: tokens, or money."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from mindwave_django.access import caller
from mindwave_django.client_ip import client_ip
from mindwave_django.conf import mindwave_settings, parse_budget
from mindwave_django.ledger import spent
from mindwave_django.streaming.budget import Allowance, spending_of


def payer_of(request: HttpRequest) -> str:
    """Return under which owner the ledger keeps what this request spends; in synchronous code.

    Strangers without a session are told apart by their address, of which only a hash is kept.
    """
    return caller(request).owner or stranger(client_ip(request))


def stranger(address: str) -> str:
    """Return the owner that stands for an address."""
    return f"a:{salted_hmac('mindwave_django.budgets', address).hexdigest()[:32]}"


def checked_budget(budget: object, *, whole: bool = False) -> tuple[Decimal, int]:
    """Return an amount and seconds; raise ImproperlyConfigured for what is no budget."""
    parsed = parse_budget(budget)
    if parsed is None or (whole and parsed[0] % 1):
        example = "'200k/d'" if whole else "'5.00/d'"
        raise ImproperlyConfigured(f"A budget is written like {example}, got {budget!r}.")
    return parsed


def allowances_of(
    owner: str, *, tokens: str | None = None, cost: str | None = None
) -> list[Allowance]:
    """Return what is left of an owner's budgets, be it nothing; in synchronous code."""
    allowances = []
    spending = spending_of(owner)
    # What ends in this process from here on counts, what has ended is in the ledger.
    tokens_before, cost_before = spending.tokens, spending.cost
    if tokens is not None:
        amount, period = checked_budget(tokens, whole=True)
        left = int(amount) - spent(owner, period).tokens
        allowances.append(Allowance(owner, spending, tokens=tokens_before + left))
    if cost is not None:
        amount, period = checked_budget(cost)
        money = amount - spent(owner, period).cost
        allowances.append(Allowance(owner, spending, cost=cost_before + money))
    return allowances


def chat_allowances(owner: str) -> list[Allowance]:
    """Return what is left of an owner's CHAT['TOKEN_BUDGET'] and ['COST_BUDGET']."""
    chat = mindwave_settings.CHAT
    return allowances_of(owner, tokens=chat.TOKEN_BUDGET, cost=chat.COST_BUDGET)
