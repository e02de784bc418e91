"""The example with short times for its chat, and with whatever else a test has to differ.

CHAT_OPTIONS and STREAMING_OPTIONS are JSON for MINDWAVE['CHAT'] and MINDWAVE['STREAMING'],
SESSION_ENGINE is Django's setting, CLOCK_OFFSET moves the clock of the process by so many seconds.
"""

from __future__ import annotations

import json
import os

from example.settings import *  # noqa: F403
from example.settings import MIDDLEWARE as USUAL_MIDDLEWARE
from example.settings import MINDWAVE as USUAL
from tests.support.clock import move_clock

CHAT = {"CHECKPOINT_INTERVAL": 0.4}
STREAMING = {"RECONNECT_GRACE": 1.5, "HEARTBEAT_INTERVAL": 0.5}

MINDWAVE = USUAL | {
    "STREAMING": USUAL["STREAMING"]
    | STREAMING
    | json.loads(os.environ.get("STREAMING_OPTIONS", "{}")),
    "CHAT": USUAL["CHAT"] | CHAT | json.loads(os.environ.get("CHAT_OPTIONS", "{}")),
}
MIDDLEWARE = ["tests.support.name_process.name_process", *USUAL_MIDDLEWARE]
SESSION_ENGINE = os.environ.get("SESSION_ENGINE", "django.contrib.sessions.backends.db")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

move_clock(float(os.environ.get("CLOCK_OFFSET", "0")))
