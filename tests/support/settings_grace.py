"""The example with another patience for readers who left: MINDWAVE_RECONNECT_GRACE seconds."""

from __future__ import annotations

import os

from example.settings import *  # noqa: F403
from example.settings import MINDWAVE as USUAL

MINDWAVE = USUAL | {
    "STREAMING": USUAL["STREAMING"]
    | {"RECONNECT_GRACE": float(os.environ["MINDWAVE_RECONNECT_GRACE"])}
}
