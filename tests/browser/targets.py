"""Whatever of the package's URLs costs something, changes something, or shows what is private."""

from __future__ import annotations

from typing import NamedTuple

from tests.browser.visitor import Visitor

BASE = "/mindwave/"


class Target(NamedTuple):
    """A request that a foreign page would like to have made; `path` is filled in with a Visitor."""

    method: str
    path: str

    def path_of(self, visitor: Visitor) -> str:
        """Return the path below the package's URLs."""
        return self.path.format(**visitor._asdict())


TARGETS = [
    Target("GET", "stream/?prompt=spend"),
    Target("GET", "generate/?prompt=spend"),
    Target("GET", "messages/{pending}/stream/"),
    Target("GET", "conversations/"),
    Target("GET", "conversations/{conversation}/"),
    Target("POST", "stream/"),
    Target("POST", "generate/"),
    Target("POST", "messages/"),
    Target("POST", "messages/{pending}/cancel/"),
    Target("POST", "messages/{answer}/regenerate/"),
    Target("POST", "messages/{question}/edit/"),
    Target("PATCH", "conversations/{conversation}/"),
    Target("DELETE", "conversations/{conversation}/"),
]
FIELDS = {"prompt": "spend", "title": "Changed"}
