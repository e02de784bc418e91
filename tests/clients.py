"""The same questions through Django's two test clients."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from asgiref.sync import async_to_sync
from django.http.response import HttpResponseBase
from django.test import AsyncClient, Client

from mindwave_django.testing import ServerSentEvent, parse_events, text_of


class Answered(NamedTuple):
    """A response that was read to its end."""

    response: HttpResponseBase
    body: bytes

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[ServerSentEvent]:
        return parse_events(self.body)

    @property
    def text(self) -> str:
        return text_of(self.events)

    def __getitem__(self, header: Any) -> Any:
        return self.response[header]


class WithClient:
    """Asks with `Client`, that is under WSGI."""

    client_class: Any = Client

    def ask(self, path: str, data: Any = None, *, method: str = "get", **extra: Any) -> Answered:
        response = getattr(self._client(), method)(path, data, **extra)
        content = response.getvalue() if response.streaming else response.content
        return Answered(response, content)

    def post_json(self, path: str, data: Any, **extra: Any) -> Answered:
        return self.ask(path, data, method="post", content_type="application/json", **extra)

    def _client(self) -> Any:
        return self.client  # type: ignore[attr-defined]  # of the test case


class WithAsyncClient(WithClient):
    """Asks with `AsyncClient`, that is under ASGI."""

    client_class: Any = AsyncClient

    def ask(self, path: str, data: Any = None, *, method: str = "get", **extra: Any) -> Answered:
        return async_to_sync(self._ask)(path, data, method, extra)

    async def _ask(self, path: str, data: Any, method: str, extra: dict[str, Any]) -> Answered:
        response = await getattr(self._client(), method)(path, data, **extra)
        if not response.streaming:
            return Answered(response, response.content)
        return Answered(response, b"".join([part async for part in response]))

    def _client(self) -> Any:
        return self.async_client  # type: ignore[attr-defined]  # of the test case
