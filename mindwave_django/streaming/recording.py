"""What a generation tells its recorder: checkpoints while it runs, and the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from mindwave_django.conf import mindwave_settings
from mindwave_django.signals import StreamEnded
from mindwave_django.streaming.answer import Answer, Position
from mindwave_django.streaming.failure import describe_failure
from mindwave_django.streaming.recorder import Recorder, Verdict
from mindwave_django.streaming.worker import Worker

logger = logging.getLogger("mindwave_django")

SAVE_ATTEMPTS = 3
SAVE_PAUSE = 0.2  # seconds before the second attempt, doubled before each further one
SAVE_LIMIT = 15.0  # seconds for all attempts
GATHERED = 0.125  # of CHECKPOINT_INTERVAL: so long a checkpoint may wait for those of others


class Recording:
    """Saves one answer on its way; `stop` and `lose` end the generation if the recorder says so."""

    def __init__(
        self,
        recorder: Recorder,
        answer: Answer,
        worker: Worker,
        *,
        stop: Callable[[], None],
        lose: Callable[[], None],
    ) -> None:
        self._recorder = recorder
        self._answer = answer
        self._worker = worker
        self._verdicts = {Verdict.STOP: stop, Verdict.LOST: lose}
        self._saved = Position()
        self._interval = mindwave_settings.CHAT.CHECKPOINT_INTERVAL
        self._may_wait = self._interval * GATHERED
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to save every CHECKPOINT_INTERVAL seconds."""
        self._task = asyncio.create_task(self._checkpoints(), name="mindwave-checkpoints")

    async def close(self) -> None:
        """Save no more checkpoints; waits for one that is being saved, lest it overtake the end."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})
        self._task = None

    async def save(self, ended: StreamEnded) -> None:
        """Save the end; what goes wrong is logged, and must not keep the end from the readers."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SAVE_LIMIT):
                if await self._save(ended):
                    return
        logger.error("Stream %s: its end could not be saved.", ended.stream_id)

    async def last_reader_at(self) -> float | None:
        """Return when somebody read this answer in another process."""
        return await self._worker.run(self._recorder.last_reader_at, self._answer.stream_id)

    async def _save(self, ended: StreamEnded) -> bool:
        for attempt in range(SAVE_ATTEMPTS):
            try:
                await self._worker.run(self._recorder.finish, ended)
                return True
            except Exception as exc:  # noqa: BLE001  # a recorder is somebody else's code
                told = describe_failure(exc)
                logger.warning("Stream %s could not be saved: %s", ended.stream_id, told)
                await asyncio.sleep(SAVE_PAUSE * 2**attempt)
        return False

    async def _checkpoints(self) -> None:
        while True:
            await asyncio.sleep(self._interval - self._may_wait)
            try:
                verdict = await self._worker.run_within(
                    self._may_wait, self._checkpoint, may_drop=True
                )
            except Exception as exc:  # noqa: BLE001  # the next checkpoint may do better
                told = describe_failure(exc)
                logger.warning("Stream %s: no checkpoint: %s", self._answer.stream_id, told)
                continue
            if end := self._verdicts.get(verdict):
                end()
                return

    def _checkpoint(self) -> Verdict:
        answer, end = self._answer, self._answer.end
        texts = (None, None) if end == self._saved else (answer.text, answer.reasoning)
        verdict = self._recorder.checkpoint(answer.stream_id, *texts)
        self._saved = end
        return verdict
