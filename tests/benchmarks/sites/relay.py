"""The floor: no framework, and the provider's bytes as they come."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import parse_qs

import aiohttp

URL = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
sessions: list[aiohttp.ClientSession] = []


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Relay an answer."""
    if not sessions:
        sessions.append(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
    prompt = parse_qs(scope["query_string"].decode())["prompt"][0]
    question = {
        "model": "gpt-4.1-mini",
        "messages": [{"role": "user", "content": prompt}],
        "stream": True,
    }
    async with sessions[0].post(URL, json=question) as answer:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        async for data in answer.content.iter_any():
            await send({"type": "http.response.body", "body": data, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
