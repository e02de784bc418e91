"""What one writes without this package: Django, openai, and nothing that resumes or counts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from django.http import HttpRequest, StreamingHttpResponse
from django.urls import path
from openai import AsyncOpenAI

from tests.benchmarks.upstream import word

client = AsyncOpenAI()


async def chat(request: HttpRequest) -> StreamingHttpResponse:
    """Stream an answer."""
    return _streamed(_events(request.GET["prompt"]))


async def alone(request: HttpRequest) -> StreamingHttpResponse:
    """Stream what no provider was asked for, in as many pieces."""
    return _streamed(_events_of_nobody())


def _streamed(events: AsyncIterator[str]) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        events, content_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )


async def _events_of_nobody() -> AsyncIterator[str]:
    yield f"data: {json.dumps({'text': word(0)})}\n\n"
    yield "event: done\ndata: {}\n\n"


async def _events(prompt: str) -> AsyncIterator[str]:
    answer = await client.chat.completions.create(
        model="gpt-4.1-mini", messages=[{"role": "user", "content": prompt}], stream=True
    )
    async for chunk in answer:
        if chunk.choices and (text := chunk.choices[0].delta.content):
            yield f"data: {json.dumps({'text': text})}\n\n"
    yield "event: done\ndata: {}\n\n"


urlpatterns = [path("chat", chat), path("alone", alone)]
