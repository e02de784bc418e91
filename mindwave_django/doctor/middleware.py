"""Whether answers get through the site's own middleware: a probe inside this process."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.test import AsyncClient
from django.test.utils import override_settings
from django.urls import NoReverseMatch, reverse

from mindwave_django.conf import SETTING
from mindwave_django.doctor.findings import Finding, error, fine, warning
from mindwave_django.probe import Plan

PLAN = Plan(pieces=4, interval=0.1)
LIMIT = 10.0  # seconds
ATTEMPTS = 3  # a busy machine lets pieces come at once, too, but not each time
TOGETHER = 0.5  # of the time that the pieces take: those that come within it came at once


class Passage:
    """What came out of the middleware."""

    def __init__(self, response: Any, times: list[float]) -> None:
        self.status: int = response.status_code
        self.encoding: str = response.headers.get("Content-Encoding", "")
        self.arrived_whole = len(times) < PLAN.pieces or times[-1] - times[0] < (
            PLAN.seconds * TOGETHER
        )

    @property
    def is_compressed(self) -> bool:
        """Whether somebody has compressed the stream."""
        return self.encoding not in {"", "identity"}

    @property
    def is_fine(self) -> bool:
        """Whether it came as it was sent, piece by piece."""
        return self.status == 200 and not self.arrived_whole and not self.is_compressed


def look_at_middleware() -> Iterator[Finding]:
    """Send a probe through MIDDLEWARE; if it does not come through, find who is at fault."""
    try:
        reverse("mindwave:probe")
    except NoReverseMatch:
        return  # the URLs are not included, which is said elsewhere
    try:
        passage = _pass()
    except Exception as exc:  # noqa: BLE001  # middleware may raise anything
        yield _at_fault("middleware_fails", f"raises {type(exc).__qualname__}", error)
        return
    if passage.status != 200:
        yield _at_fault("middleware_refuses", f"answers {passage.status}", error)
    elif passage.arrived_whole:
        yield _at_fault("middleware_buffers", "keeps streams back until their end", error)
    elif passage.is_compressed:
        yield _at_fault("middleware_compresses", f"compresses ({passage.encoding})", warning)
    else:
        yield fine("middleware", "Streams pass the middleware piece by piece.")


def _at_fault(code: str, what: str, level: Callable[..., Finding]) -> Finding:
    culprit = next(filter(_passes_without, settings.MIDDLEWARE), None)
    if culprit is None:
        message = f"Something in MIDDLEWARE, or before our views in urls.py, {what}."
        return level(code, message, layer="middleware")
    hint = (
        "Let it leave responses alone whose `streaming` is true, as Django's documentation of "
        "middleware shows, or take it out of MIDDLEWARE."
    )
    return level(code, f"{culprit} {what}.", hint, culprit)


def _passes_without(path: str) -> bool:
    rest = [each for each in settings.MIDDLEWARE if each != path]
    try:
        with override_settings(MIDDLEWARE=rest):
            return _pass().is_fine
    except Exception:  # noqa: BLE001  # others may need it
        return False


def _pass() -> Passage:
    with _probe_on():
        for _ in range(ATTEMPTS):
            passage = async_to_sync(_apass)(f"{reverse('mindwave:probe')}?plan={PLAN.signed()}")
            if not passage.arrived_whole:
                break
    return passage


@contextmanager
def _probe_on() -> Iterator[None]:
    hosts = {"ALLOWED_HOSTS": [*settings.ALLOWED_HOSTS, "testserver"]}
    probe = {SETTING: {**getattr(settings, SETTING, {}), "PROBE": True}}
    disabled = logging.root.manager.disable
    logging.disable()  # what goes wrong is told as a finding
    try:
        with override_settings(**hosts, **probe):
            yield
    finally:
        logging.disable(disabled)


async def _apass(path: str) -> Passage:
    async with asyncio.timeout(LIMIT):
        response: Any = await AsyncClient().get(
            path,
            secure=True,  # lest SECURE_SSL_REDIRECT answer
            headers={"accept-encoding": "gzip"},
        )
        try:
            times = [time.monotonic() async for _ in response] if response.streaming else []
        finally:
            response.close()
    return Passage(response, times)
