"""The same project with the app, and whatever else a variant has: it stands in RECEIVER."""

from __future__ import annotations

import os

from tests.benchmarks.sites.settings_plain import *  # noqa: F403
from tests.benchmarks.sites.settings_plain import INSTALLED_APPS as USUAL

ROOT_URLCONF = "tests.benchmarks.sites.two_lines"
INSTALLED_APPS = [*USUAL, "mindwave_django", "tests.benchmarks.sites"]
MINDWAVE = {
    "DRIVERS": {
        "default": {
            "BACKEND": "mindwave_django.drivers.openai.OpenAIDriver",
            "OPTIONS": {"model": "gpt-4.1-mini"},
        },
        "one token": {"BACKEND": "tests.benchmarks.sites.drivers.OneToken"},
    },
    "STREAMING": {"FLUSH_INTERVAL": float(os.environ.get("FLUSH_INTERVAL", "0"))},
    # Open to everybody as the hand-written view is, and to more streams than one person reads.
    "CHAT": {
        "ACCESS": "mindwave_django.access.anyone",
        "RATE": None,
        "MAX_STREAMS_PER_OWNER": None,
    },
}
RECEIVER = os.environ.get("RECEIVER", "")
