"""Drivers that live in a served project, for what a remote upstream cannot show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from mindwave_django.drivers.base import Driver
from mindwave_django.events import DriverEvent, Finished, TextDelta
from mindwave_django.messages import Message

GO = "go"


class WholeAnswers(Driver):
    """Cannot stream: the answer comes in one piece."""

    supports_streaming = False

    async def stream(
        self, messages: Sequence[Message], **options: Any
    ) -> AsyncGenerator[DriverEvent, None]:
        yield TextDelta("all at once")
        yield Finished()


class Together(Driver):
    """Says half an answer and keeps the rest until somebody says GO.

    For one process with one event loop.
    """

    def __init__(self, alias: str = "default") -> None:
        super().__init__(alias)
        self._go = asyncio.Event()

    async def stream(
        self, messages: Sequence[Message], **options: Any
    ) -> AsyncGenerator[DriverEvent, None]:
        prompt = messages[-1].content
        if prompt == GO:
            self._go.set()
        yield TextDelta(first_half(prompt))
        await self._go.wait()
        yield TextDelta(second_half(prompt))
        yield Finished()


def first_half(prompt: str) -> str:
    return f"{prompt}: one"


def second_half(prompt: str) -> str:
    return f", two for {prompt}"
