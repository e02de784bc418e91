"""Whether the models can be asked: drivers, their keys, prices, and the tokenizer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import aclosing, suppress

from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured

from mindwave_django import tokens
from mindwave_django.conf import mindwave_settings, ratelimit_settings
from mindwave_django.doctor.findings import Finding, error, fine, note, warning
from mindwave_django.drivers import Driver, drivers
from mindwave_django.drivers.demo import DemoDriver
from mindwave_django.events import Finished
from mindwave_django.exceptions import InvalidRequest, MindwaveError, ProviderConnectionLost
from mindwave_django.messages import Message, Role
from mindwave_django.pricing import ahas_price
from mindwave_django.streaming.failure import describe_failure

CALL_LIMIT = 60.0  # seconds for a call of one token
QUESTION = [Message(Role.USER, "Say: yes")]

HINTS = {
    "provider_authentication": "The key is wrong or may not use this model: see api_key, or "
    "OPENAI_API_KEY in the environment of this process.",
    "provider_unavailable": "See base_url, and whether this machine may reach it.",
    "provider_rejected": "See model and the options of the driver.",
    "provider_quota_exceeded": "The account has no credit left: see the provider's billing page.",
    "provider_rate_limited": "The account asks too often; try again in a minute.",
    "provider_protocol_error": "Does base_url name a server that speaks Chat Completions? It often "
    "ends in /v1.",
    "timeout": "The model is loading or overloaded; see first_token_timeout.",
}


def look_at_drivers() -> Iterator[Finding]:
    """See whether each driver streams; asks nobody."""
    for alias in mindwave_settings.DRIVERS:
        try:
            driver = drivers[alias]
        except ImproperlyConfigured:
            continue  # the checks say so
        yield _driver(driver)


def _driver(driver: Driver) -> Finding:
    name = f"Driver {driver.alias!r} ({type(driver).__name__}{_model(driver)})"
    if not driver.supports_streaming:
        return warning(
            "driver_cannot_stream",
            f"{name} gives whole answers: views that stream answer 501 (streaming_not_supported).",
            f"Use {drivers.place(driver.alias)} with /generate/ and llm() only, or set "
            "supports_streaming = True in a driver whose stream() yields piece by piece.",
        )
    if isinstance(driver, DemoDriver):
        return note(
            "driver_is_demo",
            f"{name} is the offline demo: it asks no model.",
            f"Set {drivers.place(driver.alias)} to your provider's driver.",
        )
    return fine("driver", f"{name} streams.")


def _model(driver: Driver) -> str:
    return f", {driver.model}" if driver.model else ""


def look_at_prices() -> Iterator[Finding]:
    """See whether what CHAT['COST_BUDGET'] bounds has a price."""
    if mindwave_settings.CHAT.COST_BUDGET is None or ratelimit_settings.fail_open:
        return
    for alias in mindwave_settings.DRIVERS:
        with suppress(ImproperlyConfigured):  # the checks say so
            yield _price(drivers[alias])


def _price(driver: Driver) -> Finding:
    name = f"what {driver.model!r} of driver {driver.alias!r} costs"
    if async_to_sync(ahas_price)(driver.model, driver):
        return fine("price", f"It is known {name}, which COST_BUDGET needs.")
    return warning(
        "price_missing",
        f"CHAT['COST_BUDGET'] is set, and nobody knows {name}: questions to it are answered 503 "
        "(limit_unavailable).",
        "Set its price in MINDWAVE['PRICING'], or for public ones: "
        "pip install 'mindwave-django[pricing]'",
    )


def look_at_tokenizer() -> Iterator[Finding]:
    """See whether tokens of OpenAI's models can be counted here."""
    missing = [name for name in tokens.VOCABULARY_FILES if not tokens.is_ready(name)]
    if not missing:
        yield fine("tokenizer", "The tokenizer is at hand.")
        return
    yield note(
        "tokenizer_missing",
        f"Vocabularies of the tokenizer are not at hand ({', '.join(missing)}): what fits a "
        "model's context is estimated, and so is usage that a provider does not report.",
        "python manage.py mindwave_tokenizer",
    )


def call_drivers() -> Iterator[Finding]:
    """Ask every model for one token."""
    for alias in mindwave_settings.DRIVERS:
        try:
            driver = drivers[alias]
        except ImproperlyConfigured as exc:
            yield error("driver_not_built", str(exc), layer=f"driver {alias}")
        else:
            yield _call(driver)


def _call(driver: Driver) -> Finding:
    began = time.monotonic()
    try:
        first = async_to_sync(_first_event)(driver)
    except Exception as exc:  # noqa: BLE001  # a driver may raise anything; told below
        return _failed(driver, exc)
    answered = "one token" if first else "nothing, and ended properly"
    took = time.monotonic() - began
    return fine("call", f"Driver {driver.alias!r} answered {answered} after {took:.2f} s.")


async def _first_event(driver: Driver) -> bool:
    """Return whether there was text; the call is closed then. Raises what the driver raises."""
    options = {"max_tokens": 1} if _takes_max_tokens(driver) else {}
    async with (
        asyncio.timeout(CALL_LIMIT),
        aclosing(driver.stream(QUESTION, **options)) as events,
    ):
        async for event in events:
            return not isinstance(event, Finished)
    raise ProviderConnectionLost("The driver's stream ended without Finished.")


def _takes_max_tokens(driver: Driver) -> bool:
    try:
        driver.require_options(["max_tokens"])
    except InvalidRequest:
        return False
    return True


def _failed(driver: Driver, exc: Exception) -> Finding:
    # The message of any other exception may repeat a key.
    if isinstance(exc, MindwaveError):
        code, told = exc.code, describe_failure(exc)
    elif isinstance(exc, TimeoutError):
        code, told = "timeout", f"nothing came in {CALL_LIMIT:g} s"
    else:
        code, told = "driver_failed", type(exc).__qualname__
    return error(
        code,
        f"Driver {driver.alias!r} was asked and failed: {told}",
        HINTS.get(code, ""),
        layer=f"driver {driver.alias}",
    )
