"""An answer of three thousand tokens on a 3G line: it grows, it stops, it survives a tunnel."""

from __future__ import annotations

from tests.browser.support import Chromium
from tests.browser.widget.slow_network import SlowNetwork


class SlowNetworkInChromium(SlowNetwork, Chromium):
    pass
