"""`settings_chat` with answers in Redis at REDIS_URL."""

from __future__ import annotations

import os

from tests.support.settings_chat import *  # noqa: F403
from tests.support.settings_chat import MINDWAVE as USUAL

LOG = {
    "BACKEND": "mindwave_django.streaming.redis.RedisLog",
    "OPTIONS": {"url": os.environ["REDIS_URL"]},
}
MINDWAVE = USUAL | {"STREAMING": USUAL["STREAMING"] | {"LOG": LOG}}
