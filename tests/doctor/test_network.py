"""The probes of one URL, and of several: what is asked, and what is made of the answers."""

from __future__ import annotations

from typing import Any
from unittest import mock

from django.test import SimpleTestCase, override_settings

from mindwave_django.doctor import network
from mindwave_django.doctor.areas import areas
from mindwave_django.doctor.findings import Finding, Level
from mindwave_django.doctor.network import Site, look_at_site
from mindwave_django.probe import Plan
from tests.doctor.middlewares import NoURLs
from tests.doctor.sites import fake_site, unreachable
from tests.doctor.visits import REPORT, STREAM, every, refused, stream

URL = "https://example.com"
FINE = ["way", "progressive", "endurance", "leaves"]
ORIGIN = "https://pages.example"
CORS = STREAM | {
    "access-control-allow-origin": ORIGIN,
    "access-control-allow-credentials": "true",
}


class SiteTests(SimpleTestCase):
    def test_urls(self) -> None:
        for url, base in (
            ("https://example.com", "https://example.com"),
            ("https://example.com/", "https://example.com"),
            ("example.com", "https://example.com"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("http://[::1]:8000/", "http://[::1]:8000"),
            ("https://example.com/prefix/", "https://example.com/prefix"),
            ("https://example.com/a b/ü", "https://example.com/a%20b/%C3%BC"),
            ("https://example.com/?a=b#c", "https://example.com"),
        ):
            plan = Plan()
            site = Site(url)
            with self.subTest(url):
                assert site.probe(plan) == f"{base}/mindwave/probe/?plan={plan.signed()}"
                assert site.report(plan) == f"{base}/mindwave/probe/report/?plan={plan.signed()}"
                assert base.startswith(site.origin)

    def test_no_urls(self) -> None:
        for url in (
            *("", "/", "https://", "ftp://example.com", "mailto://a@example.com", "//example.com"),
            *("http://[::1", "http://example.com:99999", "http://example.com:port", "http://:80"),
            "http://example.com:0",
        ):
            with self.subTest(url), self.assertRaises(ValueError) as caught:
                Site(url)
            assert str(caught.exception) == (
                f"A URL begins with https:// or http:// and a host, got {url!r}."
            )

    def test_password_is_refused_and_not_repeated(self) -> None:
        with self.assertRaises(ValueError) as caught:
            Site("https://me:very-secret@example.com")
        assert "very-secret" not in str(caught.exception)

    def test_further_in_it_is_asked_as_by_a_proxy(self) -> None:
        with fake_site() as fake:
            options = {"long": False, "origin": "https://other.example"}
            found = [*look_at_site("http://127.0.0.1:8000", outside=URL, **options)]
        assert [each.code for each in found] == FINE
        for url, headers in fake.visited:
            assert url.startswith("http://127.0.0.1:8000/")
            assert headers.items() >= {"Host": "example.com", "X-Forwarded-Proto": "https"}.items()

    def test_what_was_sent_tells_of_no_proxy(self) -> None:
        with fake_site() as fake:
            assert fake.report
            fake.report["headers"] = {"X-Forwarded-Proto": "https"}
            found = {each.code: each for each in look_at_site(URL, long=False, origin=None)}
            assert "a proxy that does not name itself" in found["way"].message
            inside = look_at_site(URL, long=False, origin=None, outside=URL)
            found = {each.code: each for each in inside}
            assert "directly" in found["way"].message


class LookTests(SimpleTestCase):
    def look(self, *, long: bool = False, origin: str | None = None, **site: Any) -> list[str]:
        with fake_site(**site) as self.site:
            return [str(each.code) for each in look_at_site(URL, long=long, origin=origin)]

    def test_fine(self) -> None:
        assert self.look() == FINE

    def test_unreachable(self) -> None:
        assert self.look(pieces=unreachable) == ["unreachable"]

    def test_no_stream(self) -> None:
        assert self.look(pieces=lambda: refused(502, server="nginx")) == ["no_upstream"]

    def test_urls_that_are_not_included_here(self) -> None:
        with override_settings(ROOT_URLCONF=NoURLs):
            assert self.look() == ["urls_missing"]

    def test_buffered_and_compressed(self) -> None:
        headers = STREAM | {"content-encoding": "gzip"}
        found = self.look(pieces=lambda: stream(every(0), headers=headers))
        assert found == ["way", "buffered", "compressed"]  # later streams would not be seen either

    def test_batched(self) -> None:
        found = self.look(pieces=lambda: stream([0.3] * 3 + [0.6] * 3 + [0.9] * 4))
        assert found == ["way", "batched", "endurance", "leaves"]

    def test_middleware_at_fault(self) -> None:
        culprit = Finding(Level.ERROR, "middleware_buffers", "…", layer="site.Middleware")
        with mock.patch("mindwave_django.doctor.network.look_at_middleware") as inside:
            inside.return_value = [culprit]
            with fake_site(pieces=lambda: stream(every(0))):
                found = {each.code: each for each in look_at_site(URL, long=False, origin=None)}
        assert [*found] == ["way", "middleware_buffers", "buffered"]
        assert found["buffered"].layer == "site.Middleware"

    def test_cut(self) -> None:
        cut = stream([0.0], is_complete=False, ended_at=5)
        assert self.look(talking=lambda: cut)[2] == "cut_while_talking"
        assert self.look(silent=lambda: cut)[2] == "cut_while_silent"

    def test_streams_that_nobody_answers_any_more(self) -> None:
        assert self.look(talking=unreachable)[2] == "cut_while_talking"
        assert self.look(silent=unreachable)[2] == "cut_while_silent"

    def test_leave_that_is_seen_late(self) -> None:
        assert self.look(left_after=15)[-1] == "leaves_late"

    def test_leave_that_is_seen_before_it_happened(self) -> None:
        with fake_site(left_after=-0.1):
            *_, finding = look_at_site(URL, long=False, origin=None)
        assert finding.message == "The application saw a reader hang up after 0.00 s."

    def test_leave_that_is_not_seen(self) -> None:
        with mock.patch.object(network, "SPARE", 0.05), mock.patch.object(network, "POLL", 0.01):
            short = REPORT | {"heartbeat_interval": 0.01}
            assert self.look(left_after=None, report=short)[-1] == "leave_not_seen"

    @override_settings(MINDWAVE={"STREAMING": {"HEARTBEAT_INTERVAL": 0.01}})
    def test_report_of_somebody_else(self) -> None:
        with mock.patch.object(network, "SPARE", 0.05), mock.patch.object(network, "POLL", 0.01):
            for report in (None, {}, {"server": "uvicorn"}):
                found = self.look(report=report)
                assert found == ["no_report", "progressive", "endurance", "leave_not_seen"]

    def test_how_long(self) -> None:
        for long, seconds in ((False, 18.0), (True, network.LONG)):
            with mock.patch.object(network, "Plan", wraps=Plan) as plan:
                self.look(long=long)
            asked = [call.kwargs for call in plan.call_args_list]
            assert {"silence": seconds} in asked
            assert {"pieces": int(seconds) + 1, "interval": 1.0} in asked

    def test_own_origin(self) -> None:
        assert self.look(origin=URL) == FINE

    def test_other_origin(self) -> None:
        mindwave = {"CHAT": {"ALLOWED_ORIGINS": [ORIGIN]}}
        for headers, allowed, code in (
            (CORS, mindwave, "cors"),
            (CORS, {}, "origin_not_allowed"),
            (STREAM, mindwave, "cors_refused"),
            (CORS | {"access-control-allow-origin": URL}, mindwave, "cors_refused"),
            (STREAM | {"access-control-allow-origin": "*"}, mindwave, "cors_without_cookies"),
            (CORS | {"access-control-allow-credentials": ""}, mindwave, "cors_without_cookies"),
        ):
            with override_settings(MINDWAVE=allowed), self.subTest(headers):
                assert self.look(origin=ORIGIN, headers=headers) == [*FINE, code]
        assert self.site.visited[-1][1] == {"Origin": ORIGIN}


class BetweenTests(SimpleTestCase):
    outside, inside = "https://outside.example", "http://inside.example"

    def between(self, *, outside_is_bad: bool, inside_is_bad: bool) -> str:
        bad = {self.outside: outside_is_bad, self.inside: inside_is_bad}
        with fake_site() as site:
            site.pieces = lambda: stream(
                every(0 if any(url in site.visited[-1][0] for url in bad if bad[url]) else 0.1)
            )
            urls = (self.outside, self.inside)
            found = {
                area.name: list(area.findings)
                for area in areas(urls, call=False, long=False, origin=None, workers=None)
            }
        assert list(found) == [
            self.outside,
            self.inside,
            f"Between {self.outside} and {self.inside}",
        ]
        (finding,) = list(found.values())[-1]
        return f"{finding.level}: {finding.code}: {finding.message}"

    def test_nothing(self) -> None:
        found = self.between(outside_is_bad=False, inside_is_bad=False)
        assert found == "ok: nothing_between: Nothing is lost here."

    def test_caused_between(self) -> None:
        found = self.between(outside_is_bad=True, inside_is_bad=False)
        assert found == "note: caused_between: Caused here: buffered."

    def test_further_in(self) -> None:
        found = self.between(outside_is_bad=True, inside_is_bad=True)
        assert found.startswith("note: further_in: ")

    def test_worse_inside(self) -> None:
        found = self.between(outside_is_bad=False, inside_is_bad=True)
        assert found.startswith("ok: nothing_between: ")
