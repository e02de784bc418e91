"""Starting the generation of an answer that waits in a row for whoever comes first."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor

import msgspec

from mindwave_django.streaming.call import Call
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.recorder import Recorder
from mindwave_django.streaming.worker import Worker, parent_executor
from mindwave_django.tracing import fresh_context

_running: set[asyncio.Task[Generation | None]] = set()  # strong references


async def start_claimed(
    call: Call, recorder: Recorder, executor: Executor | None = None
) -> Generation | None:
    """Claim the answer `call.stream_id` and start its generation; None if somebody else has it.

    A caller that is cancelled meanwhile leaves no claimed answer behind that nobody writes: the
    generation starts all the same, and has its grace to find a reader.
    """
    task = asyncio.create_task(
        _claim_and_start(call, recorder, executor or parent_executor()),
        name=f"mindwave-claim-{call.stream_id}",
        context=fresh_context(call.trace_context),
    )
    _running.add(task)
    task.add_done_callback(_running.discard)
    return await asyncio.shield(task)


async def _claim_and_start(
    call: Call, recorder: Recorder, executor: Executor | None
) -> Generation | None:
    if not await Worker(executor).run(recorder.claim, call.stream_id):
        return None
    generation = Generation(msgspec.structs.replace(call, recorder=recorder), executor)
    generation.start()
    generation.look_for_readers()
    return generation
