"""The example's settings for browsers: a strict CSP, static files, and no long waits."""

from __future__ import annotations

import os

from example.settings import *  # noqa: F403
from example.settings import MIDDLEWARE, MINDWAVE

MIDDLEWARE = ["tests.browser.site.strict_csp", *MIDDLEWARE]
ROOT_URLCONF = "tests.browser.site"
MINDWAVE = MINDWAVE | {
    "STREAMING": MINDWAVE["STREAMING"]
    | {"RETRY": 0.1, "RECONNECT_GRACE": float(os.environ.get("TEST_RECONNECT_GRACE", "30"))}
}
