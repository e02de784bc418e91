"""Asks drivers, as every test here does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any
from unittest import mock

from mindwave_django.drivers.base import Driver
from mindwave_django.drivers.openai import OpenAIDriver
from mindwave_django.events import DriverEvent, Finished, TextDelta
from mindwave_django.messages import as_messages

KEY = "sk-key-that-nobody-may-see"


def openai_driver(url: str | None, **options: Any) -> OpenAIDriver:
    """Return a driver that asks the server at `url`, once unless told otherwise."""
    return OpenAIDriver(**{"api_key": KEY, "base_url": url, "max_retries": 0} | options)


async def ask(driver: Driver, prompt: Any = "Hi", **options: Any) -> list[DriverEvent]:
    """Return every event of one answer."""
    return [event async for event in driver.stream(as_messages(prompt), **options)]


def joined(events: Sequence[DriverEvent]) -> str:
    """Return the text of an answer."""
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def ending(events: Sequence[DriverEvent]) -> Finished:
    """Return the last event, which has to be the only one of its kind."""
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert events[-1] is finished
    return finished


def without_openai_variables(**variables: str) -> AbstractContextManager[object]:
    """Hide what the developer's own environment says about OpenAI."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return mock.patch.dict(os.environ, kept | variables, clear=True)
