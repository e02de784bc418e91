"""Somebody who asks one question after another, and to whom things happen."""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

import aiohttp

from tests.soaking.plan import Act, Plan, Step, plan_of, prompt_of
from tests.soaking.reader import ATTEMPTS, RETRY, Lost, Reading, Refused

MESSAGES, CONVERSATIONS = "/mindwave/messages/", "/mindwave/conversations/"
TWO_LINES = "/api/chat/stream"
TOKEN = "c" * 32
CONVERSATION_LENGTH = 4  # questions


class Result(NamedTuple):
    """How a question went for the one who asked."""

    plan: Plan
    reading: Reading
    message: str  # its id; empty for a view without rows
    left: bool
    stopped: bool
    complaint: str = ""
    is_in_doubt: bool = False  # whether the model was asked, nobody knows


class Person:
    """One client: its cookies, its conversation, and where it connects to."""

    def __init__(
        self,
        number: int,
        crowd: argparse.Namespace,
        urls: Callable[[], list[str]],
        connector: aiohttp.BaseConnector,
    ) -> None:
        self._number = number
        self._seed: int = crowd.seed
        # However many there are, they ask as many questions a second together.
        self._others: int = crowd.clients
        self._urls = urls
        self._random = Random(f"{crowd.seed} {number}")
        self._http = aiohttp.ClientSession(
            connector=connector,
            connector_owner=False,
            cookie_jar=aiohttp.CookieJar(unsafe=True),
            cookies={"csrftoken": TOKEN},
            headers={"X-CSRFToken": TOKEN},
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=30),
        )
        self._asked = 0
        self._conversation: str | None = None
        self.results: list[Result] = []

    async def live(self, until: float) -> None:
        """Ask until it is time to stop."""
        loop = asyncio.get_running_loop()
        async with self._http:
            await asyncio.sleep(self._random.uniform(0, 0.05) * self._others)
            while loop.time() < until:
                plan = plan_of(prompt_of(self._seed, self._number, self._asked))
                self._asked += 1
                self.results.append(await self._ask(plan))
                await asyncio.sleep(plan.thinks * self._others)

    def _url(self) -> str:
        return self._random.choice(self._urls())

    async def _ask(self, plan: Plan) -> Result:
        reading, acted = Reading(), set[Act]()
        message, complaint, in_doubt = "", "", False
        try:
            path = f"{TWO_LINES}?prompt={quote(plan.prompt)}"
            if plan.is_chat:
                posted = await self._post(plan)
                message, path = posted["message"]["id"], posted["stream"]
            await self._read(plan, reading, path, message, acted)
        except (Refused, Lost) as exc:
            complaint = f"{type(exc).__name__} {exc}"
            in_doubt = isinstance(exc, Lost) and not plan.is_chat and not reading.last_id
        finally:
            reading.cut()
        left, stopped = Act.LEAVE in acted, Act.STOP in acted
        return Result(plan, reading, message, left, stopped, complaint, in_doubt)

    async def _post(self, plan: Plan) -> Any:
        if self._asked % CONVERSATION_LENGTH == 1:
            self._conversation = None
        data = {"prompt": plan.prompt, "conversation": self._conversation}
        key = _key()
        posted = await self._send("POST", MESSAGES, 201, json=data, headers=key)
        if plan.asks_twice and posted["conversation"]["id"] == (
            self._conversation or posted["conversation"]["id"]
        ):
            again = await self._send("POST", MESSAGES, 201, json=data, headers=key)
            if again != posted:
                raise Refused(f"{again} is not {posted}")
        self._conversation = posted["conversation"]["id"]
        return posted

    async def _send(self, method: str, path: str, status: int, **options: Any) -> Any:
        """Send a request to any process until one takes it; a conversation may be busy a while."""
        for _ in range(ATTEMPTS):
            try:
                async with self._http.request(method, self._url() + path, **options) as response:
                    if response.status == status:
                        return await response.json()
                    body = await response.text()
            except (aiohttp.ClientError, OSError):
                body = "no connection"
            else:
                if response.status == 409 and "conversation_busy" in body:
                    options["json"] = options["json"] | {"conversation": None}
                    options["headers"] = _key()
                elif response.status != 503:
                    raise Refused(f"{method} {path}: {response.status} {body[:200]}")
            await asyncio.sleep(RETRY)
        raise Refused(f"{method} {path}: {body[:200]}")

    async def _read(
        self, plan: Plan, reading: Reading, path: str, message: str, acted: set[Act]
    ) -> None:
        steps = list(plan.steps)
        while not reading.is_over:
            await self._connect(reading, path)
            try:
                while not reading.is_over:
                    await reading.read()
                    while steps and len(reading.text) >= steps[0].after and not reading.is_over:
                        step = steps.pop(0)
                        acted.add(step.act)
                        reading.tell(f"{step.act} {step.pause:.1f}")
                        await self._act(step, reading, message)
                        if step.act is Act.LEAVE:
                            return
            except Lost:
                reading.tell("lost")
                reading.cut()
                await asyncio.sleep(RETRY)

    async def _connect(self, reading: Reading, path: str) -> None:
        reading.failures += 1
        if reading.failures > ATTEMPTS:
            raise Lost("for good")
        while True:
            try:
                await reading.connect(self._http, self._url() + path)
                return
            except Lost:
                reading.failures += 1
                if reading.failures > ATTEMPTS or (reading.connections and not reading.last_id):
                    raise  # whether the model was asked, nobody knows
                await asyncio.sleep(RETRY)

    async def _act(self, step: Step, reading: Reading, message: str) -> None:
        if step.act is Act.STOP and message:
            await self._send("POST", f"{MESSAGES}{message}/cancel/", 200, json={})
            return
        if step.act is Act.STALL:
            await asyncio.sleep(step.pause)
            return
        reading.cut()
        if step.act is Act.LEAVE:
            return
        await asyncio.sleep(step.pause)
        if step.act is Act.RELOAD and message:
            await self._look_up(reading, message)
        raise Lost

    async def _look_up(self, reading: Reading, message: str) -> None:
        """Do as a page that is loaded anew: forget everything, and look what there is."""
        found = await self._send("GET", f"{CONVERSATIONS}{self._conversation}/", 200)
        answer = next(each for each in found["messages"] if each["id"] == message)
        row, read = answer["content"], reading.text
        if not (row.startswith(read) or read.startswith(row)):
            raise Refused(f"{row!r} is in the row, {read!r} was read")
        reading.text, reading.last_id = "", ""


def _key() -> dict[str, str]:
    return {"Idempotency-Key": secrets.token_hex(8)}
