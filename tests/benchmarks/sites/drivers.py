"""A model without a provider."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any

from mindwave_django.drivers.base import Driver
from mindwave_django.events import DriverEvent, Finished, TextDelta, Usage
from mindwave_django.messages import Message
from tests.benchmarks.upstream import word


class OneToken(Driver):
    """Says what the provider says to `short`."""

    model = "gpt-4.1-mini"

    async def stream(
        self, messages: Sequence[Message], **options: Any
    ) -> AsyncGenerator[DriverEvent, None]:
        """Yield one token, and the end."""
        yield TextDelta(word(0))
        yield Finished("stop", Usage(9, 9), self.model)
