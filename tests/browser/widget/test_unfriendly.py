"""The chat without JavaScript, and on pages that style everything, in Chromium."""

from __future__ import annotations

from tests.browser.support import Chromium
from tests.browser.widget.unfriendly import Unfriendly


class UnfriendlyInChromium(Unfriendly, Chromium):
    pass
