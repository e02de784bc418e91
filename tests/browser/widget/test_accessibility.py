"""What people with disabilities find: the rules of axe-core, what is read to them, and keys."""

from __future__ import annotations

from tests.browser.support import Chromium
from tests.browser.widget.accessibility import Pages, States
from tests.browser.widget.focus import Focus
from tests.browser.widget.screen_reader import Announcements, Outline


class AxeInChromium(States, Pages, Chromium):
    pass


class ScreenReaderInChromium(Announcements, Outline, Chromium):
    pass


class FocusInChromium(Focus, Chromium):
    pass
