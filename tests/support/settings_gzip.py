"""The example behind GZipMiddleware."""

from __future__ import annotations

from example.settings import *  # noqa: F403
from example.settings import MIDDLEWARE as USUAL

MIDDLEWARE = ["django.middleware.gzip.GZipMiddleware", *USUAL]
