"""How answers travel: one class for each protocol, by name."""

from __future__ import annotations

from mindwave_django.protocols.base import Protocol
from mindwave_django.protocols.text import TextProtocol

__all__ = ["PROTOCOLS", "Protocol"]

PROTOCOLS: dict[str, type[Protocol]] = {"text": TextProtocol}
