"""The example that keeps nothing: no patience for readers who left, no answer after its end."""

from __future__ import annotations

from example.settings import *  # noqa: F403
from example.settings import MINDWAVE as USUAL

MINDWAVE = USUAL | {
    "STREAMING": USUAL["STREAMING"] | {"RECONNECT_GRACE": 0, "RETENTION": 0},
    "DRIVERS": {
        # A connection to the provider that is kept alive would count as left over.
        "default": USUAL["DRIVERS"]["default"]
        | {
            "OPTIONS": USUAL["DRIVERS"]["default"]["OPTIONS"]
            | {"extra_headers": {"Connection": "close"}}
        }
    },
}
