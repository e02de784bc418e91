"""The example with the probe on, and middleware that a test names."""

from __future__ import annotations

import os

from example.settings import *  # noqa: F403
from example.settings import MIDDLEWARE as USUAL
from example.settings import MINDWAVE as MINDWAVE_USUAL

MINDWAVE = {**MINDWAVE_USUAL, "PROBE": True}
MIDDLEWARE = [*os.environ.get("FURTHER_MIDDLEWARE", "").split(), *USUAL]
CORS_ALLOWED_ORIGINS = os.environ.get("CORS_ORIGINS", "").split()
CORS_ALLOW_CREDENTIALS = True
