"""A browser before the example project, which asks a provider that nobody here wrote."""

from __future__ import annotations

from typing import Any, ClassVar

from tests.browser.support import BrowserTest
from tests.support.aimock import AIMock, aimock


class BeforeAIMock(BrowserTest):
    """Has `aimock`, which knows the `fixtures` of the class, in the place of `provider`."""

    fixtures: ClassVar[tuple[dict[str, Any], ...]]
    aimock: ClassVar[AIMock]

    @classmethod
    def start_provider(cls) -> str:
        cls.aimock = cls.enterClassContext(aimock(*cls.fixtures))  # type: ignore[attr-defined]
        return cls.aimock.url
