"""What is asked of a model."""

from __future__ import annotations

from typing import Any

import msgspec

from mindwave_django.drivers.base import Driver
from mindwave_django.messages import Message, Role
from mindwave_django.slots import Slot
from mindwave_django.streaming.audience import OnChunk
from mindwave_django.streaming.budget import Allowance
from mindwave_django.streaming.recorder import Recorder
from mindwave_django.tracing import TraceContext


class Call(msgspec.Struct, frozen=True):
    """What is asked, of whom, and on whose behalf."""

    driver: Driver
    messages: tuple[Message, ...]
    options: dict[str, Any]
    context: dict[str, Any]
    owner: str = ""
    user: Any = None
    on_chunk: OnChunk | None = None
    trace_context: TraceContext | None = None
    stream_id: str = ""  # empty: a new one is made
    recorder: Recorder | None = None
    slots: tuple[Slot, ...] = ()  # held until the generation is over
    allowances: tuple[Allowance, ...] = ()  # what its owner may still spend

    def on_behalf_of(self, owner: str, user: Any) -> Call:
        """Return this call for somebody."""
        return msgspec.structs.replace(self, owner=owner, user=user)

    @property
    def payer(self) -> str:
        """The owner under which the ledger keeps the call."""
        return self.owner or next((a.owner for a in self.allowances), "")

    @property
    def model(self) -> str:
        """The model asked for."""
        return self.options.get("model") or self.driver.model

    @property
    def prompt(self) -> str:
        """The last thing the user said."""
        said = (m.content for m in reversed(self.messages) if m.role is Role.USER)
        return next(said, "")
