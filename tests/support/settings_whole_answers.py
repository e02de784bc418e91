"""The example with a driver that cannot stream."""

from __future__ import annotations

from example.settings import *  # noqa: F403
from example.settings import MINDWAVE as USUAL

MINDWAVE = USUAL | {"DRIVERS": {"default": {"BACKEND": "tests.servers.drivers.WholeAnswers"}}}
