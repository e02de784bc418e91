"""Visits as a test wants them, without a network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mindwave_django.doctor.findings import Finding
from mindwave_django.doctor.verdicts import Way
from mindwave_django.doctor.visit import Visit

STREAM = {"content-type": "text/event-stream", "cache-control": "no-cache"}
REPORT: dict[str, Any] = {
    "ending": None,
    "server": "uvicorn",
    "interface": "ASGI",
    "protocol": "HTTP/1.1",
    "serves_one_at_a_time": False,
    "headers": {},
    "is_secure": True,
    "django": "6.1",
    "heartbeat_interval": 15,
}
ALONE = Way([], REPORT)


def stream(arrived: Iterable[float], **fields: Any) -> Visit:
    """Return a stream whose pieces came at these seconds, by default to its end."""
    came = list(arrived)
    usual = {"status": 200, "headers": STREAM, "is_complete": True, "ended_at": 1.0}
    return Visit(arrived=came, sent=came, **(usual | fields))


def every(seconds: float, count: int = 10, first: float = 0.05) -> list[float]:
    """Return when pieces come that are so many seconds apart."""
    return [first + seconds * index for index in range(count)]


def refused(status: int, body: bytes = b"<html>", **headers: str) -> Visit:
    """Return an answer that is no stream."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Visit(status=status, body=body, headers={"content-type": "text/html"} | named)


def way(*layers: str, **report: Any) -> Way:
    """Return a way through these layers, outermost first."""
    return Way(list(layers), REPORT | report)


def said(finding: Finding) -> tuple[str, str, str]:
    """Return how bad a finding is, its code, and who is at fault."""
    return finding.level.value, str(finding.code), finding.layer
