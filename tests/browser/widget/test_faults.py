"""What goes wrong between the widget and the model never changes the text that a page shows."""

from __future__ import annotations

from tests.browser.support import Chromium
from tests.browser.widget.absences import Freezing, FreezingTooLong, Networks, Restarts
from tests.browser.widget.cuts import Cuts, Silence


class CutsInChromium(Cuts, Freezing, Networks, Chromium):
    pass


class SilenceInChromium(Silence, Chromium):
    pass


class FreezingTooLongInChromium(FreezingTooLong, Chromium):
    pass


class RestartsInChromium(Restarts, Chromium):
    pass
