"""The example with PostgreSQL, Redis, short times, no limits, and figures of its processes."""

from __future__ import annotations

import os

from example.settings import *  # noqa: F403
from example.settings import DRIVERS
from example.settings import MIDDLEWARE as USUAL_MIDDLEWARE
from example.settings import MINDWAVE as USUAL

DEBUG = False
ROOT_URLCONF = "tests.support.urls_soak"
MIDDLEWARE = ["tests.support.name_process.name_process", *USUAL_MIDDLEWARE]

openai = DRIVERS["openai"]
# Each answer is one request, so that requests can be counted.
DRIVER = openai | {"OPTIONS": {**openai["OPTIONS"], "max_retries": 0}}
STREAMING = {
    "HEARTBEAT_INTERVAL": 5,
    "RECONNECT_GRACE": 15,
    # More than a busy machine takes to start another worker beside those that answer.
    "FIRST_TOKEN_TIMEOUT": 15,
    "IDLE_TIMEOUT": 15,
    "SHUTDOWN_GRACE": 3,
    "RETENTION": 20,
    "LOG": {
        "BACKEND": "mindwave_django.streaming.redis.RedisLog",
        "OPTIONS": {"url": os.environ["REDIS_URL"]},
    },
}
CHAT = {"RATE": None, "MAX_STREAMS_PER_OWNER": None}

MINDWAVE = USUAL | {
    "DRIVERS": {"default": DRIVER},
    "STREAMING": USUAL["STREAMING"] | STREAMING,
    "CHAT": USUAL["CHAT"] | CHAT,
    "TRACING": {"RECORD": True},
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"mindwave_django": {"handlers": ["console"], "level": "WARNING"}},
}
