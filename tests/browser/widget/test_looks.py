"""How the widget looks and is used by keys, in Chromium."""

from __future__ import annotations

from tests.browser.support import Chromium
from tests.browser.widget.looks import Looks


class LooksInChromium(Looks, Chromium):
    pass
