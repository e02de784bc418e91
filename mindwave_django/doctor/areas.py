"""What is looked at, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from mindwave_django.doctor import configuration, middleware, models, pages, production
from mindwave_django.doctor.findings import Finding, bad, fine, note
from mindwave_django.doctor.network import look_at_site

# Nothing else can be looked at then.
WITHOUT_SETTINGS = {"mindwave.E001", "mindwave.E002", "checks_fail"}


class Area(NamedTuple):
    """One thing to look at; the findings come as they are found."""

    name: str
    findings: Iterable[Finding]


def areas(
    urls: Sequence[str], *, call: bool, long: bool, origin: str | None, workers: int | None
) -> Iterator[Area]:
    """Yield the settings, if there are no URLs or a call is wanted, then each URL."""
    if not urls:
        yield from _local(call=call, workers=workers)
    elif call:
        yield Area("Models", models.call_drivers())
    yield from _sites(urls, long=long, origin=origin)


def _local(*, call: bool, workers: int | None) -> Iterator[Area]:
    found = list(configuration.look_at_settings())
    yield Area("Settings", found)
    if any(finding.code in WITHOUT_SETTINGS for finding in found):
        return
    yield Area("Models", _models(call=call))
    yield Area("Processes", configuration.look_at_processes(workers))
    yield Area("Database", configuration.look_at_database(workers))
    yield Area("Middleware", middleware.look_at_middleware())
    yield Area("Pages", pages.look_at_pages())
    yield Area("Production", production.look_at_production())


def _models(*, call: bool) -> Iterator[Finding]:
    yield from models.look_at_drivers()
    yield from models.look_at_prices()
    yield from models.look_at_tokenizer()
    if call:
        yield from models.call_drivers()


def _sites(urls: Sequence[str], *, long: bool, origin: str | None) -> Iterator[Area]:
    outside: Remembered | None = None
    for url in urls:
        outermost = None if outside is None else urls[0]
        found = look_at_site(url, long=long, origin=origin, outside=outermost)
        inside = Remembered(url, found)
        yield Area(url, inside)
        if outside is not None:
            yield Area(f"Between {outside.url} and {url}", [_between(outside, inside)])
        outside = inside


class Remembered:
    """Findings of a URL that are passed on as they come, and kept."""

    def __init__(self, url: str, findings: Iterator[Finding]) -> None:
        self.url = url
        self._findings = findings
        self._bad: set[str] = set()

    def __iter__(self) -> Iterator[Finding]:
        for finding in self._findings:
            self._bad.update(each.code for each in bad([finding]))
            yield finding

    def without(self, other: Remembered) -> list[str]:
        """Return what is wrong here and not there."""
        return sorted(self._bad - other._bad)

    @property
    def is_fine(self) -> bool:
        """Whether nothing is wrong."""
        return not self._bad


def _between(outside: Remembered, inside: Remembered) -> Finding:
    """Say whether the way from one URL to the next further in is at fault."""
    if caused := outside.without(inside):
        return note("caused_between", f"Caused here: {', '.join(caused)}.")
    if outside.is_fine:
        return fine("nothing_between", "Nothing is lost here.")
    return note("further_in", "What is wrong outside is wrong further in as well.")
