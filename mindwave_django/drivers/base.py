"""What a driver is: one method that turns messages into events."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from mindwave_django.backends import unknown
from mindwave_django.events import DriverEvent
from mindwave_django.exceptions import InvalidRequest
from mindwave_django.messages import Message

if TYPE_CHECKING:
    from django.core.checks import CheckMessage


class Driver(ABC):
    """A way to one provider: immutable configuration, shared by every thread and event loop.

    OPTIONS of the settings become keyword arguments of `__init__`; `alias` is the driver's name in
    MINDWAVE['DRIVERS'].
    """

    # False: `stream` yields the whole answer at once. Streaming views answer 501 then.
    supports_streaming: ClassVar[bool] = True
    # `gen_ai.provider.name` of the OpenTelemetry conventions, e.g. "openai".
    provider_name: ClassVar[str] = ""

    # Where requests go; empty for the provider's own address.
    base_url: str = ""

    # Seconds; None takes MINDWAVE['STREAMING']['FIRST_TOKEN_TIMEOUT'] or ['IDLE_TIMEOUT'].
    first_token_timeout: float | None = None
    idle_timeout: float | None = None
    # The model asked for when a call names none; empty if the driver has no such notion.
    model: str = ""
    # Tokens that an answer may have when a call names no bound; None if the driver sets none.
    max_tokens: int | None = None

    def __init__(self, alias: str = "default") -> None:
        self.alias = alias

    def parameters(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a call with these options asks for, its defaults included; for traces."""
        return {"max_tokens": self.max_tokens} | dict(options)

    @abstractmethod
    def stream(
        self, messages: Sequence[Message], **options: Any
    ) -> AsyncGenerator[DriverEvent, None]:
        """Ask the model; yield deltas in the order of the answer, then one Finished.

        An async generator. `options` override the driver's own for this call. Raises a DriverError
        when the provider fails; ends without Finished only if the answer broke off. It is closed
        (or cancelled) when nobody wants the answer any more, and then ends the provider's work.
        """

    def check(self, place: str) -> Iterable[CheckMessage]:
        """Yield what is wrong with the configuration found at `place`; never uses the network."""
        return ()

    async def warm(self) -> None:
        """Do ahead of the first call what would slow it down; needs no network."""

    def __repr__(self) -> str:
        # Options stay out of it: among them is the key.
        return f"<{type(self).__name__} {self.alias!r}>"

    def require_options(self, options: Iterable[str]) -> None:
        """Raise InvalidRequest for an option of a call that `stream` does not take."""
        known = _call_options(type(self))
        for name in options:
            if known is not None and name not in known:
                raise InvalidRequest(
                    f"{type(self).__name__} has no option {name!r}. {unknown(name, known)}"
                )


@cache
def _call_options(cls: type[Driver]) -> frozenset[str] | None:
    parameters = inspect.signature(cls.stream).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return frozenset(p.name for p in parameters) - {"self", "messages"}
