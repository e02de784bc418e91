"""Tests of mindwave_django; those that want its log records ask for them by `assertLogs`."""

from __future__ import annotations

import logging

logging.getLogger("mindwave_django").setLevel(logging.CRITICAL + 1)
