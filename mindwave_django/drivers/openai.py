"""OpenAI's Chat Completions, and every server that speaks them."""

from __future__ import annotations

import asyncio
import functools
import importlib
import os
import re
import ssl
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from django.core.checks import CheckMessage, Warning  # noqa: A004

from mindwave_django.conf import mindwave_settings
from mindwave_django.drivers.base import Driver
from mindwave_django.drivers.openai_errors import (
    UsageRejected,
    in_our_words,
)
from mindwave_django.drivers.openai_wire import ChatCompletionReader
from mindwave_django.drivers.per_loop import PerLoop
from mindwave_django.drivers.sse import EventDecoder
from mindwave_django.events import DriverEvent
from mindwave_django.exceptions import (
    DriverError,
    ProviderAuthenticationError,
    ProviderConnectionLost,
    ProviderProtocolError,
)
from mindwave_django.messages import Message

if TYPE_CHECKING:
    import httpx2
    from openai import AsyncOpenAI

# Models that think first: they want `max_completion_tokens` and refuse a temperature.
REASONING_MODEL = re.compile(r"(.*/)?(o\d|gpt-[5-9])")
UNSET: Final = object()
DRAIN_LIMIT = 0.5  # seconds for a body to end after `[DONE]`
KEY_SHAPE = "should be one line of ASCII; perhaps a line end came with it."

TokenLimitParameter: TypeAlias = Literal["auto", "max_tokens", "max_completion_tokens"]


class OpenAIDriver(Driver):
    """Streams from OpenAI, or from any compatible server named by `base_url`.

    Every option but the connection's own can be overridden for one call. `None` leaves a parameter
    out of the request; `temperature` (0-2) is 0.7 unless the model is one that refuses it.

    :param api_key: taken from OPENAI_API_KEY when left out; servers without keys need none.
    :param max_tokens: bound of the answer; sent as the parameter that the model wants, or as
        `token_limit_parameter` says.
    :param include_usage: ask for token counts. A server that rejects that is asked once more
        without it, and not again.
    :param extra_body: further fields of the request, `extra_headers` further headers.
    :param max_retries: further attempts before the first byte, after 429, 5xx or no connection.
    :param connect_timeout: seconds to reach the server. The waits for the first token and between
        tokens are `first_token_timeout` and `idle_timeout`, by default those of STREAMING.
    """

    provider_name = "openai"

    def __init__(
        self,
        alias: str = "default",
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        organization: str | None = None,
        project: str | None = None,
        model: str = "gpt-4.1-mini",
        temperature: float | object | None = UNSET,
        max_tokens: int | None = 2000,
        top_p: float | None = None,
        stop: str | Sequence[str] | None = None,
        seed: int | None = None,
        reasoning_effort: str | None = None,
        token_limit_parameter: TokenLimitParameter = "auto",  # noqa: S107
        include_usage: bool = True,
        extra_body: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        max_retries: int = 1,
        connect_timeout: float = 10,
        first_token_timeout: float | None = None,
        idle_timeout: float | None = None,
    ) -> None:
        super().__init__(alias)
        if not _fits_a_header(api_key):
            raise ValueError(f"api_key {KEY_SHAPE}")
        self.model = model
        self.max_tokens = max_tokens
        self.first_token_timeout = first_token_timeout
        self.idle_timeout = idle_timeout
        self._api_key = api_key
        self._base_url = base_url
        self.base_url = base_url or os.environ.get("OPENAI_BASE_URL", "")
        self._organization = organization
        self._project = project
        self._max_retries = max_retries
        self._connect_timeout = connect_timeout
        self._token_limit_parameter = token_limit_parameter
        self._include_usage = include_usage
        self._defaults: dict[str, Any] = {
            "temperature": temperature,
            "max_tokens": max_tokens,
            "top_p": top_p,
            "stop": stop,
            "seed": seed,
            "reasoning_effort": reasoning_effort,
        }
        self._extra_body = dict(extra_body or {})
        self._extra_headers = dict(extra_headers or {})
        self._clients: PerLoop[AsyncOpenAI] = PerLoop(self._build_client, _close_client)

    async def stream(  # type: ignore[override]  # names the options it takes
        self,
        messages: Sequence[Message],
        *,
        model: str | None = None,
        temperature: float | object | None = UNSET,
        max_tokens: int | object | None = UNSET,
        top_p: float | object | None = UNSET,
        stop: str | Sequence[str] | object | None = UNSET,
        seed: int | object | None = UNSET,
        reasoning_effort: str | object | None = UNSET,
        extra_body: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[DriverEvent, None]:
        """Ask the model; yield its deltas as they come, then one Finished."""
        options = {
            "temperature": temperature,
            "max_tokens": max_tokens,
            "top_p": top_p,
            "stop": stop,
            "seed": seed,
            "reasoning_effort": reasoning_effort,
        }
        body = self._body(messages, model or self.model, options)
        body |= self._extra_body | dict(extra_body or {})
        headers = self._extra_headers | dict(extra_headers or {})
        answer = await self._ask(body, headers)
        reader = ChatCompletionReader()
        decoder = EventDecoder()
        try:
            async with aclosing(_chunks_of(answer)) as chunks:
                async for chunk in chunks:
                    for name, data in decoder.feed(chunk):
                        for event in reader.read(name, data):
                            yield event
                    if reader.is_done:
                        await _drain(chunks)
                        break
        except ProviderConnectionLost:
            if not reader.is_whole:
                raise
        yield reader.finish()

    def check(self, place: str) -> Iterable[CheckMessage]:
        """Warn about a key that is missing or cannot be sent: every answer would fail."""
        if not _fits_a_header(key := self._key()):
            yield Warning(f"OPENAI_API_KEY {KEY_SHAPE}", id="mindwave.W001")
        if not (key or self._base_url):
            yield Warning(
                f"{place} has no 'api_key', and OPENAI_API_KEY is not set.",
                hint="Set it in OPTIONS, or name your own server by 'base_url'.",
                id="mindwave.W001",
            )

    def _key(self) -> str:
        return self._api_key or os.environ.get("OPENAI_API_KEY", "")

    async def warm(self) -> None:
        """Import `openai` and build the client, which together take about a second."""
        await self._client()

    async def _client(self) -> AsyncOpenAI:
        try:
            return await self._clients.get()
        except Exception as exc:
            if type(exc).__name__ != "OpenAIError":  # the package is not imported for a name
                raise
            raise ProviderAuthenticationError(
                "There is no API key: neither OPTIONS['api_key'] nor OPENAI_API_KEY is set."
            ) from exc

    def parameters(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a call with these options asks for, its defaults included; for traces."""
        given = {name: value for name, value in options.items() if value is not UNSET}
        chosen = {"model": self.model} | self._defaults | given
        if chosen["temperature"] is UNSET:
            reasons = REASONING_MODEL.match(chosen["model"]) is not None
            chosen["temperature"] = None if reasons else 0.7
        return chosen

    def _body(
        self, messages: Sequence[Message], model: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        chosen = self.parameters(options | {"model": model})
        reasons = REASONING_MODEL.match(chosen.pop("model")) is not None
        limit = self._token_limit_parameter
        if limit == "auto":
            limit = "max_completion_tokens" if reasons else "max_tokens"
        chosen[limit] = chosen.pop("max_tokens")
        return {
            "model": model,
            "messages": [{"role": m.role.value, "content": m.content} for m in messages],
            "stream": True,
            **{name: value for name, value in chosen.items() if value is not None},
        }

    async def _ask(self, body: dict[str, Any], headers: dict[str, str]) -> httpx2.Response:
        """Return the provider's answer once it begins; its body has not been read."""
        client = await self._client()
        if self._include_usage and "stream_options" not in body:
            try:
                with_usage = body | {"stream_options": {"include_usage": True}}
                return await self._post(client, with_usage, headers)
            except UsageRejected:
                self._include_usage = False
        return await self._post(client, body, headers)

    async def _post(
        self, client: AsyncOpenAI, body: dict[str, Any], headers: dict[str, str]
    ) -> httpx2.Response:
        import httpx2  # noqa: PLC0415  # here already: the client brought it

        try:
            # Its typed method checks and copies every message, which takes long.
            answer = await client.post(
                "/chat/completions",
                body=body,
                cast_to=httpx2.Response,
                options={"headers": headers, "security": {"bearer_auth": True}},
                stream=True,
            )
        except Exception as exc:
            if (told := in_our_words(exc, started=False)) is None:
                raise
            raise told from None
        return await _event_stream(answer)

    def _build_client(self) -> AsyncOpenAI:
        """Build a client; blocks for long, so it runs in a thread."""
        if not _fits_a_header(self._key()):
            raise ProviderAuthenticationError(f"OPENAI_API_KEY {KEY_SHAPE}")
        httpx2 = importlib.import_module("httpx2")
        openai = importlib.import_module("openai")
        timeouts = mindwave_settings.STREAMING
        silence = max(
            self.first_token_timeout or timeouts.FIRST_TOKEN_TIMEOUT,
            self.idle_timeout or timeouts.IDLE_TIMEOUT,
        )
        # A server that needs no key gets a word, since the client insists on one.
        spare_key = "unused" if self._base_url else None
        client: AsyncOpenAI = openai.AsyncOpenAI(
            api_key=self._key() or spare_key,
            base_url=self._base_url,
            organization=self._organization,
            project=self._project,
            max_retries=self._max_retries,
            timeout=httpx2.Timeout(silence, connect=self._connect_timeout),
            http_client=openai.DefaultAioHttpClient(
                limits=httpx2.Limits(max_connections=0),  # aiohttp's word for "no limit"
                verify=_ssl_context(),
            ),
        )
        return client


def _fits_a_header(key: object) -> bool:
    return not isinstance(key, str) or (key.isascii() and key.isprintable())


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """Return what the client would build for itself, once: it reads all the certificates."""
    context: ssl.SSLContext = importlib.import_module("httpx2").create_ssl_context()
    return context


async def _close_client(client: AsyncOpenAI) -> None:
    await client.close()


async def _event_stream(answer: httpx2.Response) -> httpx2.Response:
    """Return the answer; close it and raise if it is something else than an event stream."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"application/json", "text/html"}:
        await answer.aclose()
        raise ProviderProtocolError(f"The provider answered {kind} instead of an event stream.")
    return answer


async def _chunks_of(answer: httpx2.Response) -> AsyncGenerator[bytes, None]:
    """Yield the body as it arrives, and close the answer."""
    started = False
    # Few providers compress a stream; the client's way through a decoder costs for every token.
    body = answer.aiter_bytes() if "content-encoding" in answer.headers else answer.aiter_raw()
    try:
        async with aclosing(answer), aclosing(body) as chunks:
            async for chunk in chunks:
                started = True
                yield chunk
    except Exception as exc:
        if (told := in_our_words(exc, started=started)) is None:
            raise
        raise told from None


async def _drain(chunks: AsyncGenerator[bytes, None]) -> None:
    """Read to the end of the body, or the connection could not be used again; not for long."""
    with suppress(TimeoutError, DriverError):
        async with asyncio.timeout(DRAIN_LIMIT):
            async for _ in chunks:
                pass
