"""The browsers' site as foreign pages would like it: open to all, and without other guards."""

from __future__ import annotations

from tests.browser.settings import *  # noqa: F403
from tests.browser.settings import MIDDLEWARE, MINDWAVE

ROOT_URLCONF = "tests.browser.visited"
MIDDLEWARE = [
    each for each in MIDDLEWARE if not each.endswith(("strict_csp", "XFrameOptionsMiddleware"))
]
SECURE_CONTENT_TYPE_NOSNIFF = False
SECURE_CROSS_ORIGIN_OPENER_POLICY = None
SECURE_REFERRER_POLICY = None
MINDWAVE = MINDWAVE | {
    "CHAT": MINDWAVE["CHAT"]
    | {"ACCESS": "mindwave_django.access.anyone", "MAX_STREAMS_PER_OWNER": None}
}
