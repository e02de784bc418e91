"""Everything that can go wrong, and what a person may be told about it.

MindwaveError
├── InvalidRequest                the caller asked for something malformed
├── AuthenticationRequired        nobody is logged in
├── PermissionDenied              somebody is, but may not
├── CsrfFailed                    a request that changes something carries no valid token
├── StreamingNotSupported         the driver gives whole answers only
├── StreamExpired                 nothing is left to resume
├── NotFound                      no such conversation or message, or somebody else's
├── ConversationBusy              an answer is still being written there
├── NotLatest                     what is to be asked again is not the latest
├── IdempotencyKeyReused          the same key came with another request
├── RequestTooLarge               more was sent than anybody has to say
├── RateLimited                   too many requests in a short time
├── TooManyStreams                several answers for the same person already run
├── BudgetExceeded                the tokens or the money for a time are spent
├── LimitUnavailable              the cache that counts cannot be reached
├── Overloaded                    this process streams as much as it may
├── DriverError                   the provider or the way to it failed
│   ├── ProviderAuthenticationError
│   ├── ProviderRejected
│   │   └── ContextLengthExceeded
│   ├── ProviderRateLimited
│   ├── ProviderQuotaExceeded
│   ├── ProviderUnavailable
│   ├── ProviderConnectionLost
│   ├── ProviderProtocolError
│   └── GenerationTimeout
├── AnswerTooLarge                the answer outgrew what the log may keep
├── Interrupted                   the answer was stopped before its end
└── InternalError                 a defect here, or in a driver or receiver

`code` is stable and meant for programs. `message` is meant for people: it is translated when it
is encoded and never carries a key, a prompt or a provider's words. What `str(error)` says is for
developers and may reach a log, so it holds to the same rule; a provider's words, which may repeat
the prompt, travel in `detail` and are logged only if MINDWAVE['LOG_CONTENT'] is on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.utils.functional import _StrPromise


class MindwaveError(Exception):
    """Base of every error this package raises on purpose; catching it is enough."""

    code: ClassVar[str] = "error"
    message: ClassVar[_StrPromise | str] = _("Something went wrong on our side.")
    retryable: ClassVar[bool] = False
    status: ClassVar[int] = 500

    def __init__(
        self, reason: str = "", *, detail: str = "", retry_after: float | None = None
    ) -> None:
        """Take a `reason` safe to log, a provider's own words, and seconds to wait if known."""
        super().__init__(reason or self.code)
        self.detail = detail
        # "Never" and "not a number" are no times that a client could be told.
        known = retry_after is not None and math.isfinite(retry_after)
        self.retry_after = retry_after if known else None


class InvalidRequest(MindwaveError):
    """The request is malformed; `fields` maps field names to lists of texts."""

    code = "invalid_request"
    message = _("The request is not valid.")
    status = 400

    def __init__(
        self, reason: str = "", *, fields: dict[str, list[str]] | None = None, detail: str = ""
    ) -> None:
        super().__init__(reason, detail=detail)
        self.fields = fields or {}


class AuthenticationRequired(MindwaveError):
    """Nobody is logged in where somebody has to be."""

    code = "authentication_required"
    message = _("Please log in first.")
    status = 401


class PermissionDenied(MindwaveError):
    """The caller is known, or comes from a foreign page, and is not allowed."""

    code = "permission_denied"
    message = _("You are not allowed to do this.")
    status = 403


class CsrfFailed(MindwaveError):
    """The CSRF token is missing or wrong: a foreign page, or one older than the login."""

    code = "csrf_failed"
    message = _("This page is out of date. Reload it and try again.")
    status = 403


class StreamingNotSupported(MindwaveError):
    """The driver declares `supports_streaming = False`."""

    code = "streaming_not_supported"
    message = _("Streaming is not available here, try the non-streaming endpoint.")
    status = 501


class StreamExpired(MindwaveError):
    """The stream to resume is unknown, too old, or somebody else's."""

    code = "stream_expired"
    message = _("This answer can no longer be resumed.")
    status = 404


class NotFound(MindwaveError):
    """The conversation or message is not there, or is somebody else's."""

    code = "not_found"
    message = _("This conversation could not be found.")
    status = 404


class ConversationBusy(MindwaveError):
    """An answer is still being written in this conversation."""

    code = "conversation_busy"
    message = _("An answer is still being written in this conversation.")
    retryable = True
    status = 409


class NotLatest(MindwaveError):
    """Only the latest question can be edited, and only the latest answer be had again."""

    code = "not_latest"
    message = _("Only the latest question can be asked again.")
    status = 409


class IdempotencyKeyReused(MindwaveError):
    """An `Idempotency-Key` that is known came with another request."""

    code = "idempotency_key_reused"
    message = _("This request differs from the one that was sent before with the same key.")
    status = 422


class RequestTooLarge(MindwaveError):
    """The body is larger than any prompt that would be allowed."""

    code = "request_too_large"
    message = _("This is more than can be sent at once.")
    status = 413


class RateLimited(MindwaveError):
    """Somebody asks more often than they may."""

    code = "rate_limited"
    message = _("Too many requests in a short time.")
    retryable = True
    status = 429


class TooManyStreams(MindwaveError):
    """As many answers as one person may have at the same time are being written."""

    code = "too_many_streams"
    message = _("Several answers are being written for you already.")
    retryable = True
    status = 429


class BudgetExceeded(MindwaveError):
    """What somebody may spend in a time is spent; a running answer ends with this too."""

    code = "budget_exceeded"
    message = _("Your budget for now is used up. Please try again later.")
    status = 429


class LimitUnavailable(MindwaveError):
    """The cache that counts requests is down, and the site would rather refuse than not count."""

    code = "limit_unavailable"
    message = _("This is not available right now. Please try again in a moment.")
    retryable = True
    status = 503


class Overloaded(MindwaveError):
    """The process streams as many answers as STREAMING['MAX_STREAMS'] allows."""

    code = "overloaded"
    message = _("Too many answers are being written right now. Please try again in a moment.")
    retryable = True
    status = 503


class AnswerTooLarge(MindwaveError):
    """The answer outgrew the log's `max_answer_bytes`."""

    code = "answer_too_large"
    message = _("The answer became too long and was cut off.")


class Interrupted(MindwaveError):
    """The generation was stopped from outside before its end."""

    code = "interrupted"
    message = _("The answer was interrupted. What arrived is kept.")
    retryable = True


class InternalError(MindwaveError):
    """A defect: an exception nobody expected."""

    code = "internal_error"


class DriverError(MindwaveError):
    """Base of what a driver raises when the provider, or the way to it, fails."""

    code = "provider_error"
    message = _("The model could not answer.")


class ProviderAuthenticationError(DriverError):
    """The provider refused our credentials (HTTP 401 or 403)."""

    code = "provider_authentication"
    message = _("The model is not available: its access is not set up correctly.")


class ProviderRejected(DriverError):
    """The provider refused the request itself (other HTTP 4xx)."""

    code = "provider_rejected"
    message = _("The model refused this request.")


class ContextLengthExceeded(ProviderRejected):
    """The messages do not fit into the model's context."""

    code = "context_length_exceeded"
    message = _("The conversation is too long for this model.")


class ProviderRateLimited(DriverError):
    """The provider asks us to slow down (HTTP 429)."""

    code = "provider_rate_limited"
    message = _("The model is busy. Please try again in a moment.")
    retryable = True


class ProviderQuotaExceeded(DriverError):
    """The account has no credit left (HTTP 429 that waiting does not cure)."""

    code = "provider_quota_exceeded"
    message = _("The model is not available: its quota is used up.")


class ProviderUnavailable(DriverError):
    """The provider cannot be reached or fails on its side (HTTP 5xx)."""

    code = "provider_unavailable"
    message = _("The model is not available right now. Please try again.")
    retryable = True


class ProviderConnectionLost(DriverError):
    """The provider's answer broke off before it said that it was complete."""

    code = "provider_connection_lost"
    message = _("The connection to the model was lost. What arrived is kept.")
    retryable = True


class ProviderProtocolError(DriverError):
    """The provider sent something that is no valid answer."""

    code = "provider_protocol_error"
    message = _("The model sent an answer that could not be read.")
    retryable = True


class GenerationTimeout(DriverError):
    """The answer did not start, did not go on, or did not end in time."""

    code = "timeout"
    message = _("The model took too long.")
    retryable = True


def _tree(error: type[MindwaveError]) -> Iterator[type[MindwaveError]]:
    yield error
    for child in error.__subclasses__():
        yield from _tree(child)


def error_for(code: str) -> type[MindwaveError]:
    """Return the class that owns `code`; InternalError for a code nobody owns."""
    return next((error for error in _tree(MindwaveError) if error.code == code), InternalError)
