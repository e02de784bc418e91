"""What a call costs: by the site's own prices, else by public ones, else nobody knows."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from importlib.util import find_spec
from typing import Any

import msgspec

from mindwave_django.conf import mindwave_settings
from mindwave_django.drivers.base import Driver
from mindwave_django.events import Usage

logger = logging.getLogger("mindwave_django")

PER = 1_000_000  # tokens that a price is for, unless it says otherwise
EXACTNESS = Decimal("0.00000001")  # a hundredth of a millionth, as rows keep it
LOAD_LIMIT = 5.0  # seconds for the public prices, which take half a one to load

_public_prices_are_loaded = threading.Event()  # from then on they take 0.1 ms


class Price(msgspec.Struct, frozen=True):
    """The price of one token of each kind."""

    input: Decimal
    cached_input: Decimal
    output: Decimal

    def cost(self, usage: Usage | None) -> Decimal | None:
        """Return what the tokens cost; None if it is not known how many there were.

        Input tokens of which nobody says that they were cached count as not cached; reasoning
        tokens are output tokens.
        """
        if usage is None or usage.input_tokens is None or usage.output_tokens is None:
            return None
        cached = min(usage.cached_input_tokens or 0, usage.input_tokens)
        fresh = usage.input_tokens - cached
        cost = fresh * self.input + cached * self.cached_input + usage.output_tokens * self.output
        return cost.quantize(EXACTNESS)


def price_of(model: str) -> Price | None:
    """Return the price of the first pattern of MINDWAVE['PRICING'] that fits the model."""
    for pattern, price in mindwave_settings.PRICING.items():
        if fnmatchcase(model, pattern):
            return _price(price)
    return None


def _price(written: Mapping[str, Any]) -> Price:
    per = written.get("per", PER)
    input_price, output = _number(written["input"]), _number(written["output"])
    cached = _number(written.get("cached_input", written["input"]))
    return Price(input_price / per, cached / per, output / per)


def _number(value: Any) -> Decimal:
    return Decimal(str(value))  # 0.1 is meant as it is written


async def acost_of(usage: Usage | None, model: str, driver: Driver) -> Decimal | None:
    """Return what a call costs; None if nobody knows the price or the number of tokens.

    By MINDWAVE['PRICING'] first, then by the prices of genai-prices if that is installed, which are
    in US dollars.
    """
    if usage is None:
        return None
    if (price := price_of(model)) is not None:
        return price.cost(usage)
    if not _has_public_prices():
        return None
    try:
        if _public_prices_are_loaded.is_set():
            return public_cost(usage, model, driver)
        async with asyncio.timeout(LOAD_LIMIT):
            return await asyncio.to_thread(public_cost, usage, model, driver)
    except Exception as exc:  # noqa: BLE001  # what it costs must not cost the answer
        logger.warning("The cost of a call could not be looked up: %s", type(exc).__name__)
        return None


async def ahas_price(model: str, driver: Driver) -> bool:
    """Return whether anybody knows what a model costs."""
    return await acost_of(Usage(1, 1), model, driver) is not None


def estimated_cost(usage: Usage, model: str, driver: Driver) -> Decimal | None:
    """Return what `acost_of` would if the public prices are loaded; never waits for them."""
    if (price := price_of(model)) is not None:
        return price.cost(usage)
    if not _public_prices_are_loaded.is_set():
        return None
    with suppress(Exception):  # as above; it will be said at the end
        return public_cost(usage, model, driver)
    return None


def public_cost(usage: Usage, model: str, driver: Driver) -> Decimal | None:
    """Return what a call costs by genai-prices; blocks at its first use."""
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    import genai_prices  # noqa: PLC0415  # half a second that not every command should pay

    tokens = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
    )
    try:
        if driver.base_url:
            found = genai_prices.calc_price(tokens, model, provider_api_url=driver.base_url)
        else:
            found = genai_prices.calc_price(tokens, model, provider_id=driver.provider_name)
    except LookupError:  # a model or a server that it does not know
        return None
    finally:
        _public_prices_are_loaded.set()
    total: Decimal = found.total_price
    return total.quantize(EXACTNESS)


@cache
def _has_public_prices() -> bool:
    return find_spec("genai_prices") is not None
