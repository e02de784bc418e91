"""A driver without a provider: shows the product before anybody has a key."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from mindwave_django.drivers.base import Driver
from mindwave_django.drivers.demo_answers import answer_to
from mindwave_django.events import DriverEvent, Finished, TextDelta, Usage, UsageSource
from mindwave_django.messages import Message

# A word with the space before it, as tokenizers cut it; or a run of line ends.
TOKEN = re.compile(r"\n+|[^\S\n]*[^\s]{1,12}|[^\S\n]+")


class DemoDriver(Driver):
    """Answers offline, in Markdown, about this product, at the pace of a model.

    `tokens_per_second` paces the answer, `delay` is the time in seconds before its first word; both
    may be set to 0.
    """

    provider_name = "mindwave_demo"

    def __init__(
        self,
        alias: str = "default",
        *,
        model: str = "mindwave-demo",
        tokens_per_second: float = 40,
        delay: float = 0.4,
    ) -> None:
        super().__init__(alias)
        self.model = model
        self._pause = 1 / tokens_per_second if tokens_per_second else 0
        self._delay = delay

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        model: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        **_: Any,
    ) -> AsyncGenerator[DriverEvent, None]:
        """Yield an answer that fits the last message, cut off after `max_tokens` pieces."""
        del temperature
        tokens = TOKEN.findall(answer_to(messages[-1].content))
        told = tokens[:max_tokens]
        await asyncio.sleep(self._delay)
        for token in told:
            yield TextDelta(token)
            await asyncio.sleep(self._pause)
        yield Finished(
            reason="stop" if len(told) == len(tokens) else "length",
            usage=Usage(
                input_tokens=sum(len(TOKEN.findall(message.content)) for message in messages),
                output_tokens=len(told),
                source=UsageSource.REPORTED,
            ),
            model=model or self.model,
        )
