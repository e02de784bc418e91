"""The example's settings for browsers: a strict CSP, static files, and no long waits."""

from __future__ import annotations

import os

from example.settings import *  # noqa: F403
from example.settings import MIDDLEWARE, MINDWAVE, seconds

if os.environ.get("TEST_CSP", "1") == "1":
    MIDDLEWARE = ["tests.browser.site.strict_csp", *MIDDLEWARE]
else:  # the widget alone keeps the page safe
    SECURE_CROSS_ORIGIN_OPENER_POLICY = None
    SECURE_REFERRER_POLICY = None
ROOT_URLCONF = "tests.browser.site"
MINDWAVE = MINDWAVE | {
    "STREAMING": MINDWAVE["STREAMING"]
    | {
        "RETRY": 0.1,
        "RECONNECT_GRACE": seconds("TEST_RECONNECT_GRACE", 30),
        "SHUTDOWN_GRACE": seconds("TEST_SHUTDOWN_GRACE", 5),
    },
    "CHAT": MINDWAVE["CHAT"]
    | {
        "ACCESS": "tests.browser.site.access",
        "CHECKPOINT_INTERVAL": seconds("TEST_CHECKPOINT_INTERVAL", 2),
    },
}
