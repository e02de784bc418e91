"""The browsers' site with a front end on another domain, exactly as the documentation sets it up.

TEST_FRONT_END is its origin. TEST_NOT_ALLOWED and TEST_NOT_TRUSTED are origins for which one of the
settings was forgotten, TEST_ANOTHER_SITE is one that gets cookies with TEST_COOKIES=1 only.
"""

from __future__ import annotations

import os

from tests.browser.settings import *  # noqa: F403
from tests.browser.settings import MINDWAVE
from tests.pages import sample

RECIPE = sample("security.md", "CORS_ALLOWED_ORIGINS").code
CORS_ALLOWED_ORIGINS: list[str] = []
CSRF_TRUSTED_ORIGINS: list[str] = []

exec(RECIPE.replace("https://app.example.com", os.environ["TEST_FRONT_END"]))

if os.environ.get("TEST_COOKIES") == "1":
    exec(sample("security.md", "COOKIE_SAMESITE").code)

ANOTHER_SITE = os.environ["TEST_ANOTHER_SITE"]
NOT_ALLOWED, NOT_TRUSTED = os.environ["TEST_NOT_ALLOWED"], os.environ["TEST_NOT_TRUSTED"]
CORS_ALLOWED_ORIGINS += [ANOTHER_SITE, NOT_ALLOWED, NOT_TRUSTED]
CSRF_TRUSTED_ORIGINS += [ANOTHER_SITE, NOT_ALLOWED]
MINDWAVE["CHAT"]["ALLOWED_ORIGINS"] += [ANOTHER_SITE, NOT_TRUSTED]

ROOT_URLCONF = "tests.browser.front_end_site"
MINDWAVE["CHAT"]["RATE"] = "tests.browser.front_end_site.rate"
