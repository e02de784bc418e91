"""The probes of one URL: through all that stands between here and the application, and back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from django.urls import NoReverseMatch, reverse
from django.utils.encoding import iri_to_uri

from mindwave_django.conf import mindwave_settings
from mindwave_django.doctor import verdicts
from mindwave_django.doctor.findings import Finding, bad, error
from mindwave_django.doctor.layers import Fault, layers_of
from mindwave_django.doctor.middleware import look_at_middleware
from mindwave_django.doctor.origins import look_at_origin
from mindwave_django.doctor.visit import Unreachable, Visit, visit
from mindwave_django.probe import Plan

T = TypeVar("T")

PIECES = Plan(pieces=10, interval=0.1)
LONG = 105.0  # seconds: longer than the limits at 30, 60 and 100 that are usual
SPARE = 10.0  # seconds that anything may take beyond what it should
POLL = 0.25  # seconds
FORWARDED_SCHEME = "X-Forwarded-Proto"
PLAIN = {"Accept": "application/json", "Accept-Encoding": "identity"}
# What a report has to tell: an application of another version may tell less.
TOLD = {"server", "interface", "protocol", "serves_one_at_a_time", "headers", "is_secure", "django"}


class Site:
    """A site at a URL, whose probe is where this project's urls.py has it.

    One that is further in than the URL `outside` is asked as a proxy before it would ask.
    """

    def __init__(self, url: str, outside: str | None = None) -> None:
        parts = _split(url if "//" in url else f"https://{url}")
        if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"A URL begins with https:// or http:// and a host, got {url!r}.")
        if "@" in parts.netloc:
            raise ValueError("A URL has no user and no password here: they would be shown.")
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self.url = f"{self.origin}{iri_to_uri(parts.path.rstrip('/'))}"
        self.headers: dict[str, str] = {} if outside is None else _forwarded(Site(outside).origin)

    def visit(
        self, url: str, *, limit: float, pieces: int = 0, headers: Mapping[str, str] = {}
    ) -> Visit:
        """Visit one of the site's URLs."""
        return visit(url, limit=limit, pieces=pieces, headers={**self.headers, **headers})

    def probe(self, plan: Plan) -> str:
        """Return where this plan is streamed."""
        return f"{self.url}{reverse('mindwave:probe')}?plan={plan.signed()}"

    def report(self, plan: Plan) -> str:
        """Return where the application says how it ended."""
        return f"{self.url}{reverse('mindwave:probe-report')}?plan={plan.signed()}"


def _forwarded(origin: str) -> dict[str, str]:
    """Return what makes a request pass ALLOWED_HOSTS and SECURE_SSL_REDIRECT behind a proxy."""
    scheme, _, host = origin.partition("://")
    return {"Host": host, FORWARDED_SCHEME: scheme}


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None  # a wrong port raises only where it is read
    except ValueError:
        return None


def look_at_site(
    url: str, *, long: bool, origin: str | None, outside: str | None = None
) -> Iterator[Finding]:
    """Probe a URL; takes a little longer than a heartbeat's interval, with `long` two minutes.

    :param outside: the URL that people use, if this one is further in.
    """
    site = Site(url, outside)
    try:
        pieces = site.visit(site.probe(PIECES), limit=SPARE + PIECES.seconds)
    except Unreachable as exc:
        yield error("unreachable", str(exc), "Is the URL right, and does the server run?")
        return
    except NoReverseMatch:
        yield error(
            "urls_missing",
            "The shipped URLs are not included in this project, so nobody knows where to probe.",
            'Add path("mindwave/", include("mindwave_django.urls")) to the root urls.py.',
        )
        return
    if not pieces.is_stream:
        yield verdicts.no_stream(pieces, layers_of(pieces, None))
        return
    yield from _look_closer(site, pieces, long=long, origin=origin)


def _look_closer(site: Site, pieces: Visit, *, long: bool, origin: str | None) -> Iterator[Finding]:
    report = _report(site, PIECES)
    way = verdicts.Way(layers_of(pieces, report), report or {})
    yield from verdicts.arrival(way, site.origin)
    if verdicts.is_changed(pieces, PIECES, way):
        # The site's own middleware may be at fault; it can be asked without the way.
        for finding in bad(look_at_middleware()):
            yield finding
            way = way._replace(culprit=finding.layer)
    verdict = verdicts.pieces(pieces, PIECES, way)
    yield verdict
    yield from verdicts.headers(pieces, way)
    if verdict.code != Fault.BUFFERED:  # nothing more could be seen of the streams that follow
        yield from _endure(site, way, long=long)
    if not site.headers:
        yield from look_at_origin(site.probe(Plan()), site.origin, origin)


def _endure(site: Site, way: verdicts.Way, *, long: bool) -> Iterator[Finding]:
    heartbeat = way.report.get("heartbeat_interval", mindwave_settings.STREAMING.HEARTBEAT_INTERVAL)
    seconds = LONG if long else heartbeat + 3
    talking = _meanwhile(lambda: _talk(site, seconds))
    silent = _meanwhile(lambda: _be_silent(site, seconds))
    left = _meanwhile(lambda: _leave(site, heartbeat))
    yield from verdicts.endurance(talking.result(), silent.result(), seconds, way)
    yield verdicts.leaving(left.result(), heartbeat, way)


def _meanwhile(visiting: Callable[[], T]) -> Future[T]:
    """Call in a thread that nobody waits for at the exit: Ctrl-C ends a long visit at once."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(visiting())
        except BaseException as exc:  # noqa: BLE001  # belongs to whoever asks
            future.set_exception(exc)

    Thread(target=run, name="mindwave-doctor", daemon=True).start()
    return future


def _report(site: Site, plan: Plan) -> dict[str, Any] | None:
    try:
        found = site.visit(site.report(plan), limit=SPARE, headers=PLAIN)
        said = json.loads(found.body)
    except (Unreachable, ValueError):
        return None
    if not isinstance(said, dict) or not said.keys() >= TOLD:
        return None
    for ours in site.headers:
        said["headers"].pop(ours, None)  # it tells of no proxy
    return said


def _tried(site: Site, plan: Plan, limit: float, pieces: int = 0) -> Visit:
    """Visit; one that nobody answers is one that broke off at once."""
    try:
        return site.visit(site.probe(plan), limit=limit, pieces=pieces)
    except Unreachable:
        return Visit()


def _talk(site: Site, seconds: float) -> Visit:
    plan = Plan(pieces=int(seconds) + 1, interval=1.0)
    return _tried(site, plan, seconds + SPARE)


def _be_silent(site: Site, seconds: float) -> Visit:
    return _tried(site, Plan(silence=seconds), seconds + SPARE)


def _leave(site: Site, heartbeat: float) -> float | None:
    """Hang up after the first piece; return the seconds until the application saw it, or None."""
    limit = 2 * heartbeat + SPARE
    plan = Plan(silence=limit + SPARE)
    visited = _tried(site, plan, limit, pieces=1)
    gone_at = time.monotonic()
    if not visited.arrived:
        return None
    # The application writes down elsewhere than here: nothing tells when.
    while time.monotonic() - gone_at < limit:
        ending: Mapping[str, Any] | None = (_report(site, plan) or {}).get("ending")
        if ending is not None:
            return float(max(0.0, ending["after"]))
        time.sleep(POLL)
    return None
