"""What you need to test your own views: a driver that does as told, and a reader of its streams.

For a log of your own there are the tests that every log has to pass.
"""

from __future__ import annotations

from mindwave_django.testing.driver import FakeDriver, Gate, fake_driver
from mindwave_django.testing.events import ServerSentEvent, parse_events, text_of
from mindwave_django.testing.log_contract import LogContract, SharedLogContract

__all__ = [
    "FakeDriver",
    "Gate",
    "LogContract",
    "ServerSentEvent",
    "SharedLogContract",
    "fake_driver",
    "parse_events",
    "text_of",
]
