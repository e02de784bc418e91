"""Answers as HTTP: the streamed response, and refusals."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse

from mindwave_django.body import Body
from mindwave_django.exceptions import MindwaveError
from mindwave_django.metrics import count_refused
from mindwave_django.protocols import PROTOCOLS
from mindwave_django.sources import Source
from mindwave_django.streaming.inbox import LoopIterator, ThreadInbox
from mindwave_django.streaming.worker import needs_this_thread

HEADERS = {
    "Cache-Control": "no-cache",
    # nginx would keep the answer back otherwise.
    "X-Accel-Buffering": "no",
    # Keeps GZipMiddleware away, which loses events before Django 6.1, and nginx's gzip too.
    "Content-Encoding": "identity",
}


def refusal(error: MindwaveError) -> JsonResponse:
    """Return what a client is told when it gets no stream: a flat JSON object.

    `{"error": text, "code": code}`, with `retry_after` in seconds and `fields` where they apply.
    """
    count_refused(error.code)
    body: dict[str, Any] = {"error": str(error.message), "code": error.code}
    if fields := getattr(error, "fields", None):
        body["fields"] = fields
    headers = {"Cache-Control": "no-store"}
    if error.retry_after is not None:
        body["retry_after"] = math.ceil(error.retry_after)
        headers["Retry-After"] = str(body["retry_after"])
    return JsonResponse(body, status=error.status, headers=headers)


class StreamedTextResponse(StreamingHttpResponse):
    """Streams one answer piece by piece, under ASGI and under WSGI."""

    def __init__(
        self,
        request: HttpRequest,
        source: Source,
        *,
        protocol: str = "text",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._body = Body(request, source, PROTOCOLS[protocol])
        super().__init__(
            self._body,
            status=status,
            headers=HEADERS
            | {"Content-Type": PROTOCOLS[protocol].content_type}
            | dict(headers or {}),
        )

    # Both bind the content at once: middleware may wrap this very iteration and put the wrapper in
    # the content's place.

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.streaming_content if self.is_async else super().__aiter__()  # type: ignore[return-value]  # of an async response

    def __iter__(self) -> Iterator[bytes]:
        return self._drive(self.streaming_content) if self.is_async else super().__iter__()

    def _drive(self, content: Any) -> Iterator[bytes]:
        lends = needs_this_thread()
        with ThreadInbox() as inbox:
            try:
                self._body.prepare(inbox if lends else None)
            except Exception as exc:  # noqa: BLE001  # logged there
                yield self._body.give_up(exc)
                return
            parts: LoopIterator[bytes] = LoopIterator(content, inbox)
            try:
                yield from parts
            finally:
                parts.close()
                self._body.close()
                if lends:
                    parts.finish(self._body.settle())

    def getvalue(self) -> bytes:
        """Return the whole body; waits for the end of the answer."""
        return b"".join(self)
