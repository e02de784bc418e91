"""The page about traces names every attribute and metric that there is, and no other."""

from __future__ import annotations

import re

from django.test import SimpleTestCase

from mindwave_django import conventions
from tests.pages import section


class TracingPageTests(SimpleTestCase):
    def names_in(self, title: str) -> set[str]:
        cells = re.findall(r"^\| (`.+?) \|", section("tracing.md", title), re.MULTILINE)
        return {name for cell in cells for name in re.findall(r"`(.+?)`", cell)}

    def test_attributes_and_metrics(self) -> None:
        known = {value for value in vars(conventions).values() if isinstance(value, str)}
        known |= set(conventions.REQUEST_OPTIONS.values())
        names = {
            name for name in known if re.fullmatch(r"(gen_ai|mindwave|server|error)\..+", name)
        }
        metrics = self.names_in("Metrics")
        only_of_metrics = {conventions.TOKEN_TYPE, conventions.CODE}
        assert self.names_in("The span") | metrics | only_of_metrics == names
        assert metrics == {
            name for name in names if name.startswith("gen_ai.client.") or ".streams." in name
        } | {conventions.REQUESTS_REFUSED}
