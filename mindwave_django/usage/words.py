"""Figures as people read them, in the language and format of the moment; "?" where nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils.formats import get_format
from django.utils.translation import gettext as _

from mindwave_django.models import CallOutcome
from mindwave_django.owners import owner_names
from mindwave_django.usage.figures import Total

UNKNOWN = "?"
NOTHING = "-"
_LARGE = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def number(value: int) -> str:
    """Return 1,234,567."""
    return _written(f"{value:,}")


def compact(value: float) -> str:
    """Return 1.23M."""
    for size, unit in _LARGE:
        if value >= size:
            short = value / size
            return _rounded(short, 2 if short < 10 else 1 if short < 100 else 0) + unit
    return _rounded(value, 0 if value == int(value) else 1)


def share(part: int, whole: int) -> str:
    """Return 2.4%."""
    return _rounded(100 * part / whole, 1) + "%" if whole else NOTHING


def seconds(value: float | None) -> str:
    """Return 0.62 s."""
    return NOTHING if value is None else f"{_rounded(value, 2 if value < 10 else 1)} s"


def amount(value: Decimal) -> str:
    """Return $1.23, or what there is of a cent."""
    digits = 2 if value >= 1 or not value else 4
    if value and round(value, digits) == 0:
        return "< " + _dollars(_rounded(Decimal(1).scaleb(-digits), digits))
    return _dollars(_rounded(value, digits))


def cost(total: Total) -> str:
    """Return $1.23; "at least" it if there are calls of which nobody knows what they cost."""
    if not total.unknown_cost:
        return amount(total.cost)
    if total.unknown_cost == total.calls:
        return UNKNOWN
    return _("at least %(amount)s") % {"amount": amount(total.cost)}


def short_cost(total: Total) -> str:
    """Return the same for a table, where there is no room for words."""
    if total.calls and total.unknown_cost == total.calls:
        return UNKNOWN
    return ("≥ " if total.unknown_cost else "") + amount(total.cost)


def tokens(value: int, total: Total) -> str:
    """Return a number of tokens of these calls, unless not one of them says it."""
    if not value and total.calls and total.unknown_tokens == total.calls:
        return UNKNOWN
    return number(value)


def outcome(name: str) -> str:
    """Return how calls ended, in words."""
    return str(CallOutcome(name).label)


def names_of(field: str, keys: Iterable[str]) -> dict[str, str]:
    """Return what to call each model, driver or owner."""
    if field == "owner":
        return owner_names(keys) | {"": _("nobody, or erased")}
    return {key: key or _("unknown") for key in keys}


def _rounded(value: float | Decimal, digits: int) -> str:
    return _written(f"{value:,.{digits}f}")


def _written(text: str) -> str:
    # `number_format` takes a page of a year a tenth of a second, and cuts digits off.
    comma, point = get_format("THOUSAND_SEPARATOR"), get_format("DECIMAL_SEPARATOR")
    return text.translate({ord(","): comma, ord("."): point})


def _dollars(text: str) -> str:
    return _("$%(amount)s") % {"amount": text}


def scale_amount(value: float) -> str:
    """Return $1.5k: a label beside a chart."""
    if not value or value >= 10:
        return _dollars(compact(value))
    digits = next(n for n in range(9) if round(value, n) == value or n == 8)
    return _dollars(_rounded(value, digits))
