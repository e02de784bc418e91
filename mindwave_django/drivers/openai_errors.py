"""What a failure of an OpenAI-compatible server is in our words.

Errors are told by identifiers and the names of types, and raised `from None`: their texts may
repeat a provider's words, and with them the key or the prompt.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from mindwave_django.exceptions import (
    ContextLengthExceeded,
    DriverError,
    GenerationTimeout,
    ProviderAuthenticationError,
    ProviderConnectionLost,
    ProviderProtocolError,
    ProviderQuotaExceeded,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)

if TYPE_CHECKING:
    import httpx2


class UsageRejected(ProviderRejected):
    """The server does not know `stream_options`."""


# What providers call the same trouble, in the fields `code` or `type` of an error object.
_BY_CODE: dict[str, type[DriverError]] = {
    "context_length_exceeded": ContextLengthExceeded,
    "insufficient_quota": ProviderQuotaExceeded,
    "invalid_api_key": ProviderAuthenticationError,
    "authentication_error": ProviderAuthenticationError,
    "permission_error": ProviderAuthenticationError,
    "rate_limit_exceeded": ProviderRateLimited,
    "rate_limit_error": ProviderRateLimited,
    "invalid_request_error": ProviderRejected,
    "server_error": ProviderUnavailable,
    "overloaded_error": ProviderUnavailable,
}
_TEMPORARY = {408, 409, 425}


def error_from(
    body: object,
    status: int | None = None,
    *,
    retry_after: float | None = None,
    request_id: str = "",
) -> DriverError:
    """Return our error for a provider's error object and HTTP status.

    Its text holds identifiers only; the provider's message goes into `detail`.
    """
    fields = body if isinstance(body, dict) else {"message": body}
    names = [str(fields[key]) for key in ("code", "type") if fields.get(key)]
    status = status or next((int(name) for name in names if name.isdecimal()), None)
    known = next((_BY_CODE[name] for name in names if name in _BY_CODE), None)
    # "invalid_request_error" is the type of nearly everything, so the status knows better.
    kind = _by_status(status) if known in {None, ProviderRejected} and status else known
    told = {"status": status, "code": "/".join(map(_identifier, names)), "request_id": request_id}
    return (kind or ProviderUnavailable)(
        "The provider reported an error: "
        + (", ".join(f"{key}={value}" for key, value in told.items() if value) or "no details"),
        detail=str(fields.get("message") or ""),
        retry_after=retry_after,
    )


def _by_status(status: int) -> type[DriverError]:
    if status in {401, 403}:
        return ProviderAuthenticationError
    if status == 429:
        return ProviderRateLimited
    if status in _TEMPORARY or status >= 500:
        return ProviderUnavailable
    return ProviderRejected


def _identifier(name: str) -> str:
    # A server is free to put a sentence here, and the prompt into the sentence.
    return name if len(name) <= 64 and name.replace("_", "").replace(".", "").isalnum() else "?"


def _root(exc: BaseException) -> BaseException:
    while exc.__cause__ is not None:
        exc = exc.__cause__
    return exc


def in_our_words(exc: Exception, *, started: bool) -> DriverError | None:
    """Return our error for what the client raised; None if it is nothing of the client's.

    `started` says whether the body had begun.
    """
    import aiohttp  # noqa: PLC0415  # all are here already: the client brought them
    import httpx2  # noqa: PLC0415
    import openai  # noqa: PLC0415

    if isinstance(exc, openai.APIStatusError):
        return _status_error(exc)
    if isinstance(exc, openai.APIConnectionError | httpx2.TransportError):
        return _connection_error(exc, started=started)
    if isinstance(exc, openai.OpenAIError | httpx2.HTTPError | aiohttp.ClientError):
        return ProviderProtocolError(f"The provider's answer is broken ({_name_of(exc)}).")
    return None


def _name_of(exc: Exception) -> str:
    root = _root(exc)
    return type(exc).__name__ + (f" from {type(root).__name__}" if root is not exc else "")


def _connection_error(exc: Exception, *, started: bool) -> DriverError:
    # The root decides: aiohttp's transport calls a refused or closed connection a timeout as well.
    if isinstance(_root(exc), TimeoutError):
        return GenerationTimeout("The provider was silent for too long.")
    if started:
        return ProviderConnectionLost(f"The provider's stream broke off ({_name_of(exc)}).")
    return ProviderUnavailable(f"The provider cannot be reached ({_name_of(exc)}).")


def _status_error(exc: Any) -> DriverError:
    error = error_from(
        exc.body,
        exc.status_code,
        retry_after=_retry_after(exc.response.headers),
        request_id=exc.request_id or "",
    )
    return UsageRejected(str(error), detail=error.detail) if _rejects_usage(exc) else error


def _rejects_usage(exc: Any) -> bool:
    return exc.status_code in {400, 422} and "stream_options" in f"{exc.message} {exc.body}"


def _retry_after(headers: httpx2.Headers) -> float | None:
    """Return the seconds to wait; RFC 9110, section 10.2.3, allows a number or a date."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
