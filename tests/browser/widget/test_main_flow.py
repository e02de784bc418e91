"""The life of a conversation, in Firefox; `test_behaviour` has it in Chromium, in more detail."""

from __future__ import annotations

from tests.browser.support import Firefox
from tests.browser.widget.main_flow import MainFlow


class InFirefox(MainFlow, Firefox):
    pass
