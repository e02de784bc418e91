"""What you need to test your own views: a driver that does as told, and a reader of its streams."""

from __future__ import annotations

from mindwave_django.testing.driver import FakeDriver, Gate, fake_driver
from mindwave_django.testing.events import ServerSentEvent, parse_events, text_of

__all__ = ["FakeDriver", "Gate", "ServerSentEvent", "fake_driver", "parse_events", "text_of"]
