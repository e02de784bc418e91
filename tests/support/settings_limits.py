"""The example with a shared cache, addresses from a header, and short leases.

CACHE_BACKEND and CACHE_LOCATION name the cache, CHAT_OPTIONS is JSON for MINDWAVE['CHAT'],
CLIENT_IP_HEADER is the header of MINDWAVE['CLIENT_IP'], empty for none, FAIL_OPEN lets everybody in
while the cache is down.
"""

from __future__ import annotations

import json
import os

from example.settings import *  # noqa: F403
from example.settings import MINDWAVE as USUAL
from mindwave_django import slots
from tests.support.settings_limits_times import LEASE

CACHES = {
    "default": {
        "BACKEND": os.environ["CACHE_BACKEND"],
        "LOCATION": os.environ["CACHE_LOCATION"],
    }
}
HEADER = os.environ.get("CLIENT_IP_HEADER", "X-Forwarded-For")
RATELIMIT_FAIL_OPEN = os.environ.get("FAIL_OPEN") == "1"
ROOT_URLCONF = "tests.support.urls_limits"

MINDWAVE = USUAL | {
    "CLIENT_IP": {"HEADER": HEADER} if HEADER else None,
    "STREAMING": USUAL["STREAMING"] | {"RECONNECT_GRACE": 0},
    "CHAT": USUAL["CHAT"] | json.loads(os.environ.get("CHAT_OPTIONS", "{}")),
}

slots.LEASE = LEASE
slots.RENEWAL = LEASE / 3
