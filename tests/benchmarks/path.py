"""What a token costs from the driver to the bytes of the response: python -m tests.benchmarks.path.

In one process, without a server or a provider: processor time of the whole process for each token,
and for each call. The least of several rounds counts, since other programs only ever add to it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
TOKENS = 20_000
CALLS = 300
ROUNDS = 7


def set_up() -> None:
    """Configure Django with the example's settings, and nothing that listens."""
    sys.path[:0] = [str(ROOT), str(ROOT / "example_project")]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
    import django

    django.setup()
    logging.disable()
    from mindwave_django import signals

    for signal in signals.ENDING_SIGNALS.values():
        signal.receivers.clear()


def burst(count: int) -> Any:
    """Return a driver that gives so many tokens without a pause."""
    from mindwave_django.drivers.base import Driver
    from mindwave_django.events import DriverEvent, Finished, TextDelta, Usage
    from mindwave_django.messages import Message

    class Burst(Driver):
        provider_name = "burst"

        async def stream(
            self, messages: Sequence[Message], **options: Any
        ) -> AsyncGenerator[DriverEvent, None]:
            for _ in range(count):
                yield TextDelta(" token")
                await asyncio.sleep(0)
            yield Finished("stop", Usage(10, count))

    return Burst()


async def read(driver: Any) -> int:
    """Read one answer as a server would; return how many bytes there were."""
    from django.test import RequestFactory

    from mindwave_django.api import Stream
    from mindwave_django.messages import as_messages
    from mindwave_django.streaming.call import Call

    call = Call(driver, as_messages("Hi"), {}, {})
    response: Any = Stream(call).response(RequestFactory().get("/"))
    size = 0
    async for part in response:
        size += len(part)
    response.close()
    return size


def seconds(driver: Any, times: int) -> float:
    """Return the processor time of reading so many answers."""

    async def all_of_them() -> None:
        for _ in range(times):
            assert await read(driver)

    began = time.process_time()
    asyncio.run(all_of_them())
    return time.process_time() - began


def main() -> None:
    """Measure, and print."""
    set_up()
    many, one = burst(TOKENS), burst(1)
    seconds(one, 20)
    tokens = min(seconds(many, 1) for _ in range(ROUNDS)) / TOKENS
    calls = min(seconds(one, CALLS) for _ in range(ROUNDS)) / CALLS
    print(f"{tokens * 1e6:.2f} µs for each token, {calls * 1e6:.0f} µs for each call")


if __name__ == "__main__":
    main()
