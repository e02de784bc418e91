"""The sample for a browser's console, and what its EventSource does after a refusal."""

from __future__ import annotations

from tests.browser.console import Console
from tests.browser.support import Chromium, Firefox
from tests.support.tried import only_with_every_server


class ConsoleInChromium(Console, Chromium):
    pass


@only_with_every_server
class ConsoleInFirefox(Console, Firefox):
    pass
