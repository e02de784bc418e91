"""Tests of mindwave_django; those that want its log records ask for them by `assertLogs`.

They ask more often than people may: nothing is counted unless a test switches it on.
"""

from __future__ import annotations

import logging
import os

from django.conf import settings

logging.getLogger("mindwave_django").setLevel(logging.CRITICAL + 1)
if "DJANGO_SETTINGS_MODULE" in os.environ:  # else a script brings no settings, or its own
    settings.RATELIMIT_ENABLE = False
