"""Writes each call to a provider into the ledger, if there is one to write to."""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from mindwave_django.conf import mindwave_settings
from mindwave_django.signals import StreamEnded
from mindwave_django.streaming.call import Call
from mindwave_django.streaming.failure import describe_failure
from mindwave_django.streaming.worker import Worker

logger = logging.getLogger("mindwave_django")

ATTEMPTS = 3
PAUSE = 0.2  # seconds before the second attempt, doubled before each further one
LIMIT = 5.0  # seconds for all attempts


async def write_down(call: Call, ended: StreamEnded, worker: Worker) -> None:
    """Add the call to the ledger: always for the chat, else if MINDWAVE['TRACING']['RECORD'] says.

    A call with a budget is written down as well, since budgets are reckoned by the ledger. The
    readers have been told of the end before. What goes wrong is logged and costs no answer.
    """
    try:
        if not (call.recorder or call.allowances or mindwave_settings.TRACING.RECORD):
            return
        async with asyncio.timeout(LIMIT):
            await _write_down(call, ended, worker)
    except Exception as exc:  # noqa: BLE001  # a missing line must not cost the end
        told = describe_failure(exc)
        logger.error("Stream %s is missing in the ledger: %s", ended.stream_id, told)  # noqa: TRY400


async def _write_down(call: Call, ended: StreamEnded, worker: Worker) -> None:
    from mindwave_django.ledger import add_call  # noqa: PLC0415  # streams need no tables

    add = partial(add_call, payer=call.payer, is_of_chat=call.recorder is not None)
    for attempt in range(ATTEMPTS):
        try:
            await worker.run(add, ended, call.driver.provider_name)
        except Exception as exc:
            if attempt == ATTEMPTS - 1:
                raise
            told = describe_failure(exc)
            logger.warning("Stream %s is not in the ledger yet: %s", ended.stream_id, told)
            await asyncio.sleep(PAUSE * 2**attempt)
        else:
            return
