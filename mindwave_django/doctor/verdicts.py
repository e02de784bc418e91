"""What the probes of a URL mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from mindwave_django.doctor.findings import Finding, bad, error, fine, note, warning
from mindwave_django.doctor.layers import Fault, outermost, outermost_proxy, remedy
from mindwave_django.doctor.visit import Visit
from mindwave_django.probe import Plan

AT_ONCE = 0.25  # of the time that the pieces took to be written: those within it came at once
APART = 0.3  # of their interval: what is closer together came together
SINGLE = 0.7  # of the pieces have to come by themselves
SLOW_START = 2.0  # seconds to the headers
QUICK_LEAVE = 2.0  # seconds
BLIND = 3.0  # seconds by which a cut may be off its round number
BEHIND_TLS = (
    "SECURE_PROXY_SSL_HEADER = ('HTTP_X_FORWARDED_PROTO', 'https'), and a proxy that sets that "
    "header."
)
KNOWN_LIMITS = {
    30: "gunicorn's --timeout for sync workers, Heroku's limit for the first byte",
    55: "Heroku's limit for silence",
    60: "nginx's proxy_read_timeout, an AWS load balancer's idle timeout",
    100: "Cloudflare's limit for silence",
}


class Way(NamedTuple):
    """Between here and the application: who, and what the application says of it."""

    layers: list[str]
    report: Mapping[str, Any]
    culprit: str = ""  # in the application itself

    @property
    def suspect(self) -> str:
        """Whom to blame first for what happens to a connection."""
        return outermost(self.layers, self.report)

    @property
    def changer(self) -> str:
        """Whom to blame for what happens to bytes: no application server does that."""
        return self.culprit or outermost_proxy(self.layers)


def no_stream(found: Visit, layers: list[str]) -> Finding:
    """Say why the probe was not answered with a stream."""
    if found.status in {502, 503, 504}:
        layer = outermost_proxy(layers)
        return error(
            "no_upstream",
            f"{_name(layer)} answers {found.status}: it does not reach the application.",
            remedy(Fault.NO_UPSTREAM, layer),
            layer,
        )
    if found.status in {301, 302, 303, 307, 308}:
        return _redirect(found)
    if found.status in _REFUSALS and b'"code"' in found.body:
        return error(*_REFUSALS[found.status])
    if found.status == 400:
        return error(
            "bad_request",
            "Status 400, as Django answers for a host that it does not know.",
            "Is the host of this URL in ALLOWED_HOSTS there, and is it https or http?",
            outermost(layers, None) if layers else "",
        )
    return error(
        "not_the_application",
        f"Status {found.status}, {found.headers.get('content-type', 'no type')}: that is no answer "
        "of mindwave_django.",
        "Does this URL lead to the site, and are mindwave_django.urls included there? Give the "
        "prefix with the URL if a proxy takes one off.",
        outermost(layers, None) if layers else "",
    )


def _redirect(found: Visit) -> Finding:
    where = found.headers.get("location", "").partition("?")[0] or "nowhere"
    if where == found.url.partition("?")[0]:
        return error("redirect_loop", f"It redirects to {where}, where it was asked.", BEHIND_TLS)
    return error(
        "redirect",
        f"It redirects to {where}.",
        "Probe that URL; if it is a login, let probe/ pass it.",
    )


_REFUSALS = {
    403: (
        "probe_refused",
        "The application does not know this command's signature.",
        "Run it with the SECRET_KEY of the site; clocks may differ by five minutes at most.",
    ),
    404: (
        "probe_off",
        "The probe is off there.",
        "Set MINDWAVE['PROBE'] = True, restart the site, and switch it off again afterwards.",
    ),
}


def _name(layer: str) -> str:
    return layer[:1].upper() + layer[1:] if layer.startswith(("a ", "an ", "the ")) else layer


def arrival(way: Way, origin: str) -> Iterator[Finding]:
    """Say who is on the way, and how requests arrive."""
    if not way.report:
        yield warning(
            "no_report",
            "The stream came, but the application does not say how requests arrive.",
            "Something answers probe/report/ differently from probe/.",
        )
        return
    through = f"through {', '.join(way.layers)} " if way.layers else "directly "
    yield fine(
        "way",
        f"Requests come {through}to {way.report['server']} ({way.report['interface']}, "
        f"{way.report['protocol']}, Django {way.report['django']}).",
    )
    if origin.startswith("https") and not way.report["is_secure"]:
        yield warning(
            "not_secure",
            "Django takes requests over https for plain http: cookies and CSRF suffer.",
            BEHIND_TLS,
        )
    if way.report["serves_one_at_a_time"]:
        yield warning(
            "one_at_a_time",
            f"{way.report['server']} serves one stream at a time in each process.",
            "gunicorn -k gthread --threads 8, or an ASGI server",
            layer="the application server",
        )
    if way.layers and way.report["protocol"] == "HTTP/1.0":
        yield note(
            "http_1_0",
            "The proxy speaks HTTP/1.0 to the application: each request opens a connection.",
            "nginx: proxy_http_version 1.1; proxy_set_header Connection '';",
            layer=way.suspect,
        )


def is_changed(found: Visit, plan: Plan, way: Way) -> bool:
    """Return whether the stream is not as it was sent: kept back, or compressed."""
    return any(bad([pieces(found, plan, way), *headers(found, way)]))


def pieces(found: Visit, plan: Plan, way: Way) -> Finding:
    """Say whether pieces come one by one, in batches, or all at once."""
    if not found.arrived:
        return _fault(Fault.BUFFERED, "nothing of the stream came", way, error)
    if not found.is_complete:
        return _broken_off(len(found.arrived), plan, way)
    spread = found.arrived[-1] - found.arrived[0]
    gaps = [late - early for early, late in zip(found.arrived, found.arrived[1:], strict=False)]
    apart = [gap for gap in gaps if gap > plan.interval * APART]
    if spread < plan.seconds * AT_ONCE or not apart:
        came = f"all {len(found.arrived)} pieces came at once, after {found.arrived[0]:.1f} s"
        return _fault(Fault.BUFFERED, came, way, error)
    if len(apart) + 1 < plan.pieces * SINGLE:
        every = sorted(apart)[len(apart) // 2]
        came = f"{len(found.arrived)} pieces came in {len(apart) + 1} batches, {every:.2f} s apart"
        return _fault(Fault.BATCHED, came, way, warning)
    return fine(
        "progressive",
        f"Pieces come one by one: the first after {found.arrived[0]:.2f} s, then at most "
        f"{max(gaps):.2f} s apart (written {plan.interval:.2f} s apart).",
    )


def _broken_off(came: int, plan: Plan, way: Way) -> Finding:
    return error(
        "broken_off",
        f"{_name(way.suspect)}: the stream broke off after {came} of {plan.pieces} pieces.",
        "See its log, and that of the application.",
        way.suspect,
    )


def _fault(fault: Fault, came: str, way: Way, level: Any) -> Finding:
    layer = way.changer
    finding: Finding = level(fault, f"{_name(layer)}: {came}.", remedy(fault, layer), layer)
    return finding


def headers(found: Visit, way: Way) -> Iterator[Finding]:
    """Say what happened to the headers on the way."""
    if found.encoding:
        came = f"the stream is compressed ({found.encoding})"
        yield _fault(Fault.COMPRESSED, came, way, warning)
    if "no-cache" not in found.headers.get("cache-control", ""):
        yield warning(
            "cache_control",
            f"Cache-Control arrives as {found.headers.get('cache-control', 'nothing')!r}, it was "
            "sent as 'no-cache'.",
            "Let the layer between pass it on.",
            way.suspect,
        )
    if SLOW_START < found.headers_at < found.ended_at / 2:
        yield warning(
            "slow_start",
            f"The headers took {found.headers_at:.1f} s.",
            "Are all workers busy? A stream under WSGI keeps one thread each.",
        )


def endurance(talking: Visit, silent: Visit, seconds: float, way: Way) -> Iterator[Finding]:
    """Say whether streams live: one that talks, and one that has heartbeats only."""
    if not talking.is_complete:
        yield _cut(Fault.CUT_WHILE_TALKING, talking, "with a piece each second", way)
    elif not silent.is_complete:
        yield _cut(Fault.CUT_WHILE_SILENT, silent, "while it was silent", way)
    else:
        beats = len(silent.heartbeats)
        came = "1 heartbeat" if beats == 1 else f"{beats} heartbeats"
        yield fine(
            "endurance",
            f"A stream lives for {seconds:.0f} s, also silent ({came} came).",
        )


def _cut(fault: Fault, found: Visit, when: str, way: Way) -> Finding:
    layer = _who_cuts(fault, way)
    if not found.arrived:
        came = f"nothing came of a stream {when}"
    elif found.gave_up:
        came = f"a stream of {found.ended_at:.0f} s did not end {when}"
    else:
        came = f"a stream was cut after {found.ended_at:.1f} s {when}{_known(found.ended_at)}"
    told = f"{_name(layer)}: {came}" if layer else came[:1].upper() + came[1:]
    return error(fault, f"{told}.", remedy(fault, layer), layer or "the application server")


def _who_cuts(fault: Fault, way: Way) -> str:
    """Return whom to blame: limits for silence are those of proxies, others may be anybody's."""
    if fault is Fault.CUT_WHILE_SILENT:
        return outermost_proxy(way.layers)
    return "" if way.layers else way.suspect


def _known(at: float) -> str:
    for limit, whose in KNOWN_LIMITS.items():
        if abs(at - limit) < BLIND:
            return f", as by {whose}"
    return ""


def leaving(after: float | None, heartbeat: float, way: Way) -> Finding:
    """Say whether the application hears of a reader who has gone."""
    if after is None:
        return warning(
            "leave_not_seen",
            "A reader hung up, and the application has not seen it, or could not say so.",
            "See that CACHES['default'] is shared by all workers and works; under WSGI, and behind "
            "Apache and HAProxy, heartbeats are what makes it seen.",
            way.suspect,
        )
    if after > QUICK_LEAVE:
        return note(
            Fault.LEAVES_LATE,
            f"The application saw a reader hang up after {after:.1f} s, at a heartbeat "
            f"(every {heartbeat:g} s).",
            remedy(Fault.LEAVES_LATE, way.suspect),
            way.suspect,
        )
    return fine("leaves", f"The application saw a reader hang up after {after:.2f} s.")
