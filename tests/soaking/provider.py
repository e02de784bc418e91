"""The provider of the soak: answers as the plans say, and remembers what it sent."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Self

from tests.soaking.plan import PREFIX, Fault, Plan, plan_of
from tests.support.upstream import HEAD, finish, read_request, reset, send, text, until_left

SILENCE = 3.0  # seconds
USAGE = {"prompt_tokens": 10, "completion_tokens": 5}
STATUS = {Fault.UNAVAILABLE: b"500 Oops", Fault.BUSY: b"429 Slow Down"}


class Provider:
    """An OpenAI-compatible server on the soak's own loop: a context manager with a `url`."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.sent: dict[str, str] = {}
        self.open = 0
        self.most = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            prompt = await _read_prompt(reader)
            self.requests[prompt] += 1
            self.sent.setdefault(prompt, "")
            await self._answer(plan_of(prompt), reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the worker left
        finally:
            self.open -= 1
            writer.close()

    async def _answer(
        self, plan: Plan, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if status := STATUS.get(plan.fault):
            writer.write(
                b"HTTP/1.1 %b\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}" % status
            )
            await writer.drain()
            return
        writer.write(HEAD + b"\r\n")
        await until_left(reader, self._write(plan, writer))

    async def _write(self, plan: Plan, writer: asyncio.StreamWriter) -> None:
        for number, piece in enumerate(plan.pieces):
            if number == plan.fault_at and not await self._go_wrong(plan.fault, writer):
                return
            self.sent[plan.prompt] += piece
            await send(writer, text(piece))
            await asyncio.sleep(plan.pace)
        await send(writer, finish(usage=USAGE), b"")

    async def _go_wrong(self, fault: Fault, writer: asyncio.StreamWriter) -> bool:
        """Do what the plan says; return whether the answer goes on."""
        if fault is Fault.RESET:
            reset(writer)
            return False
        if fault is Fault.UNFINISHED:
            await send(writer, b"")
            return False
        if fault is Fault.HANG:
            await asyncio.Event().wait()
        if fault is Fault.SILENCE:
            await asyncio.sleep(SILENCE)
        return True


async def _read_prompt(reader: asyncio.StreamReader) -> str:
    prompt = str((await read_request(reader)).body["messages"][-1]["content"])
    if not prompt.startswith(PREFIX):
        raise ConnectionError(f"What is {prompt!r}?")
    return prompt
