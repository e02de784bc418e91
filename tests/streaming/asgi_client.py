"""An ASGI server's side of one request, in the test's hands."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from django.core.handlers.asgi import ASGIHandler

LIMIT = 10.0  # seconds


class ASGIClient:
    """Sends one GET; the test says when `send` blocks and when the client leaves."""

    def __init__(self, path: str, query: str = "prompt=Hi", headers: Any = ()) -> None:
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"testserver"), *headers],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }
        self.body = b""
        self.sent: list[str] = []
        self._requested = False
        self._left = asyncio.Event()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._block_at = ""
        self._changed = asyncio.Condition()

    def start(self) -> None:
        """Send the request."""
        application = ASGIHandler()
        self.task = asyncio.ensure_future(application(self._scope, self._receive, self._send))

    def block(self, message_type: str) -> None:
        """Let `send` block from the next message of this type on, as it does for a slow client."""
        self._block_at = message_type

    def leave(self) -> None:
        """Close the connection."""
        self._left.set()

    async def until(self, condition: Any) -> None:
        """Wait for a state of what was sent."""
        async with asyncio.timeout(LIMIT), self._changed:
            await self._changed.wait_for(condition)

    async def finished(self) -> None:
        """Wait until the application has returned."""
        async with asyncio.timeout(LIMIT):
            await asyncio.gather(self.task, return_exceptions=True)

    async def _receive(self) -> dict[str, Any]:
        if not self._requested:
            self._requested = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == self._block_at:
            self._flowing.clear()
        async with self._changed:
            self.sent.append(message["type"])
            self.body += message.get("body", b"")
            self._changed.notify_all()
        await self._flowing.wait()
