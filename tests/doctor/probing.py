"""How tests ask for a probe, and what its application says of it."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache

from mindwave_django.probe import Plan
from tests.recording import CoreTestCase

PROBE, REPORT = "/mindwave/probe/", "/mindwave/probe/report/"
BOTH = (PROBE, REPORT)


class ProbeTestCase(CoreTestCase):
    """With an empty cache; a database that is asked fails the test."""

    ask: Any  # of WithClient

    def setUp(self) -> None:
        super().setUp()
        cache.clear()
        self.addCleanup(cache.clear)

    def probe(self, plan: Plan, **extra: Any) -> Any:
        return self.ask(PROBE, {"plan": plan.signed()}, **extra)

    def report(self, plan: Plan, **extra: Any) -> Any:
        return self.ask(REPORT, {"plan": plan.signed()}, **extra).json
