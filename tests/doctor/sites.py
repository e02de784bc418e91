"""A site as the network part of the doctor sees it, without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock
from urllib.parse import parse_qs, urlsplit

from mindwave_django.doctor.visit import Unreachable, Visit
from mindwave_django.probe import Plan, read_plan
from tests.doctor.visits import REPORT, every, refused, stream


class FakeSite:
    """Answers visits as a good site would; a test replaces what it wants to be otherwise."""

    def __init__(self) -> None:
        self.report: dict[str, Any] | None = dict(REPORT)
        self.visited: list[tuple[str, dict[str, str]]] = []
        self.pieces: Callable[[], Visit] = lambda: stream(every(0.1))
        self.talking: Callable[[], Visit] = lambda: stream(every(1, 19))
        self.silent: Callable[[], Visit] = lambda: stream([0, 18], heartbeats=[15.0])
        self.left_after: float | None = 0.01
        self.headers: dict[str, str] = {}

    def visit(
        self, url: str, *, limit: float, headers: Mapping[str, str] = {}, pieces: int = 0
    ) -> Visit:
        self.visited.append((url, dict(headers)))
        plan = read_plan(parse_qs(urlsplit(url).query)["plan"][0])
        if "/report/" in url:
            return self._report(plan)
        if "Origin" in headers:
            return stream([0.0], headers=self.headers)
        if pieces:
            return stream([0.0], is_complete=False)
        if plan.silence:
            return self.silent()
        return self.talking() if plan.interval == 1 else self.pieces()

    def _report(self, plan: Plan) -> Visit:
        if self.report is None:
            return refused(404)
        ended = plan.silence and self.left_after is not None
        ending = {"after": self.left_after, "complete": False} if ended else None
        return Visit(status=200, body=json.dumps(self.report | {"ending": ending}).encode())


def unreachable() -> Visit:
    """Answer nothing."""
    raise Unreachable("The connection was refused by example.com.")


@contextmanager
def fake_site(**changed: Any) -> Iterator[FakeSite]:
    """Let every URL lead to this site while the block runs."""
    site = FakeSite()
    for name, value in changed.items():
        setattr(site, name, value)
    with (
        mock.patch("mindwave_django.doctor.network.visit", site.visit),
        mock.patch("mindwave_django.doctor.origins.visit", site.visit),
    ):
        yield site
