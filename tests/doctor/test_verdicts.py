"""What the probes of a URL mean: verdicts about visits as a test wants them."""

from __future__ import annotations

from dataclasses import replace

from django.test import SimpleTestCase

from mindwave_django.doctor import verdicts
from mindwave_django.doctor.findings import Finding, Level
from mindwave_django.doctor.layers import UNNAMED, layers_of
from mindwave_django.doctor.network import TOLD
from mindwave_django.doctor.verdicts import Way
from mindwave_django.doctor.visit import Visit
from mindwave_django.probe import Plan
from tests.doctor.visits import ALONE, REPORT, STREAM, every, refused, said, stream, way

PLAN = Plan(pieces=10, interval=0.1)
NGINX = way("nginx")


class NoStreamTests(SimpleTestCase):
    def verdict(self, found: Visit) -> Finding:
        return verdicts.no_stream(found, layers_of(found, None))

    def test_no_upstream(self) -> None:
        for status in (502, 503, 504):
            finding = self.verdict(refused(status, server="nginx"))
            assert said(finding) == ("error", "no_upstream", "nginx")
            assert finding.message == f"nginx answers {status}: it does not reach the application."
            assert finding.hint == "Does the application server run where proxy_pass points?"

    def test_no_upstream_of_somebody_without_a_name(self) -> None:
        finding = self.verdict(refused(502))
        assert said(finding) == ("error", "no_upstream", UNNAMED)
        assert finding.message.startswith("A proxy that does not name itself")
        assert finding.hint == "Does the application server run where that layer looks for it?"

    def test_no_upstream_of_haproxy(self) -> None:
        finding = self.verdict(refused(503, b"No server is available to handle this request."))
        assert finding.layer == "HAProxy"

    def test_redirect(self) -> None:
        for status in (301, 302, 303, 307, 308):
            finding = self.verdict(refused(status, location="https://other.example/x/?plan=abc"))
            assert said(finding) == ("error", "redirect", "")
            assert finding.message == "It redirects to https://other.example/x/."

    def test_redirect_to_where_it_was_asked(self) -> None:
        url = "https://example.com/mindwave/probe/"
        found = replace(refused(301, location=f"{url}?plan=abc"), url=f"{url}?plan=abc")
        finding = self.verdict(found)
        assert said(finding) == ("error", "redirect_loop", "")
        assert finding.message == f"It redirects to {url}, where it was asked."
        assert finding.hint.startswith("SECURE_PROXY_SSL_HEADER = ")

    def test_redirect_to_nowhere(self) -> None:
        assert self.verdict(refused(302)).message == "It redirects to nowhere."

    def test_refusals_of_the_application(self) -> None:
        for status, code in ((403, "probe_refused"), (404, "probe_off")):
            finding = self.verdict(refused(status, b'{"error": "No.", "code": "any"}'))
            assert said(finding) == ("error", code, "")
            assert finding.hint

    def test_refusals_of_others(self) -> None:
        for status in (200, 401, 403, 404, 405, 429, 500, 304, 0):
            finding = self.verdict(refused(status, b"<html>"))
            with self.subTest(status):
                assert said(finding) == ("error", "not_the_application", "")
                assert finding.message.startswith(f"Status {status}, text/html: ")

    def test_host_that_django_does_not_know(self) -> None:
        finding = self.verdict(refused(400, b"<h1>Bad Request (400)</h1>"))
        assert said(finding) == ("error", "bad_request", "")
        assert "ALLOWED_HOSTS" in finding.hint

    def test_who_answers_if_they_say_so(self) -> None:
        for status in (400, 404):
            assert self.verdict(refused(status, server="nginx")).layer == "nginx"

    def test_nothing_at_all(self) -> None:
        finding = self.verdict(Visit())
        assert finding.message.startswith("Status 0, no type: ")


class ArrivalTests(SimpleTestCase):
    def codes(self, way: Way, origin: str = "https://example.com") -> list[str]:
        return [finding.code for finding in verdicts.arrival(way, origin)]

    def test_directly(self) -> None:
        (finding,) = verdicts.arrival(ALONE, "https://example.com")
        assert said(finding) == ("ok", "way", "")
        assert finding.message == (
            "Requests come directly to uvicorn (ASGI, HTTP/1.1, Django 6.1)."
        )

    def test_through(self) -> None:
        (finding,) = verdicts.arrival(way("Cloudflare", "nginx"), "https://example.com")
        assert finding.message.startswith("Requests come through Cloudflare, nginx to uvicorn (")

    def test_no_report(self) -> None:
        (finding,) = verdicts.arrival(Way(["nginx"], {}), "https://example.com")
        assert said(finding) == ("warning", "no_report", "")

    def test_https_that_django_does_not_see(self) -> None:
        assert self.codes(way(is_secure=False)) == ["way", "not_secure"]
        assert self.codes(way(is_secure=False), "http://example.com") == ["way"]
        assert self.codes(way(is_secure=True), "http://example.com") == ["way"]

    def test_one_at_a_time(self) -> None:
        assert self.codes(way(serves_one_at_a_time=True)) == ["way", "one_at_a_time"]

    def test_http_1_0(self) -> None:
        assert self.codes(way("nginx", protocol="HTTP/1.0")) == ["way", "http_1_0"]
        assert self.codes(way(protocol="HTTP/1.0")) == ["way"]


class PieceTests(SimpleTestCase):
    def verdict(self, arrived: list[float], way: Way = NGINX) -> Finding:
        return verdicts.pieces(stream(arrived), PLAN, way)

    def test_one_by_one(self) -> None:
        finding = self.verdict(every(0.1))
        assert said(finding) == ("ok", "progressive", "")
        assert finding.message == (
            "Pieces come one by one: the first after 0.05 s, then at most 0.10 s apart (written "
            "0.10 s apart)."
        )

    def test_at_once(self) -> None:
        finding = self.verdict(every(0, first=1))
        assert said(finding) == ("error", "buffered", "nginx")
        assert finding.message == "nginx: all 10 pieces came at once, after 1.0 s."
        assert finding.hint.startswith("proxy_buffering off; ")

    def test_at_once_is_within_a_quarter_of_the_time(self) -> None:
        late = [0.0] * 9
        assert self.verdict([*late, 0.22]).code == "buffered"
        assert self.verdict([*late, 0.23]).code == "batched"

    def test_trickle_that_is_neither(self) -> None:
        # Nearly together, and spread over more than a quarter of the time.
        assert self.verdict(every(0.029)).code == "buffered"

    def test_batches(self) -> None:
        finding = self.verdict([0.1] * 5 + [0.6] * 5)
        assert said(finding) == ("warning", "batched", "nginx")
        assert finding.message == "nginx: 10 pieces came in 2 batches, 0.50 s apart."
        assert finding.hint == "proxy_buffering off; and tcp_nodelay on;"

    def test_so_many_have_to_come_by_themselves(self) -> None:
        six, seven = [0.1 * n for n in range(6)], [0.1 * n for n in range(7)]
        assert self.verdict(six + [0.5] * 4).code == "batched"
        assert self.verdict(seven + [0.6] * 3).code == "progressive"

    def test_nothing_came(self) -> None:
        for found in (stream([]), stream([], is_complete=False)):
            finding = verdicts.pieces(found, PLAN, NGINX)
            assert said(finding) == ("error", "buffered", "nginx")
            assert finding.message == "nginx: nothing of the stream came."

    def test_one_piece_came(self) -> None:
        assert self.verdict([0.5]).code == "buffered"

    def test_broken_off(self) -> None:
        for arrived in ([0.1], [0.1, 0.1, 0.1], every(0.1, 9)):
            finding = verdicts.pieces(stream(arrived, is_complete=False), PLAN, NGINX)
            assert said(finding) == ("error", "broken_off", "nginx")
            assert f"after {len(arrived)} of 10 pieces" in finding.message

    def test_no_application_server_does_that(self) -> None:
        finding = self.verdict(every(0, first=1), ALONE)
        assert finding.layer == UNNAMED
        assert finding.message.startswith("A proxy that does not name itself")
        assert "option http-no-delay" in finding.hint

    def test_application_itself_does(self) -> None:
        finding = self.verdict(every(0, first=1), NGINX._replace(culprit="site.Middleware"))
        assert finding.layer == "site.Middleware"
        assert finding.hint == "Switch the buffering of responses off there."


class HeaderTests(SimpleTestCase):
    def verdicts(self, **fields: object) -> list[tuple[str, str, str]]:
        return [said(finding) for finding in verdicts.headers(stream([], **fields), NGINX)]

    def test_as_they_were_sent(self) -> None:
        assert self.verdicts() == []
        assert self.verdicts(headers=STREAM | {"content-encoding": "identity"}) == []

    def test_compressed(self) -> None:
        for encoding in ("gzip", "br", " GZIP "):
            found = self.verdicts(headers=STREAM | {"content-encoding": encoding})
            assert found == [("warning", "compressed", "nginx")]

    def test_cache_control(self) -> None:
        for value in ("max-age=3600", ""):
            found = self.verdicts(headers=STREAM | {"cache-control": value})
            assert found == [("warning", "cache_control", "nginx")]
        gone = {"content-type": "text/event-stream"}
        assert self.verdicts(headers=gone) == [("warning", "cache_control", "nginx")]
        assert self.verdicts(headers=STREAM | {"cache-control": "no-cache, private"}) == []

    def test_slow_start(self) -> None:
        assert self.verdicts(headers_at=2.0) == []
        assert self.verdicts(headers_at=2.1, ended_at=5) == [("warning", "slow_start", "")]

    def test_start_that_is_only_held_back(self) -> None:
        assert self.verdicts(headers_at=2.5, ended_at=2.6) == []


class LevelTests(SimpleTestCase):
    def test_worst_last(self) -> None:
        weights = [level.weight for level in (Level.OK, Level.NOTE, Level.WARNING, Level.ERROR)]
        assert weights == sorted(set(weights))

    def test_report_of_these_tests_is_what_the_doctor_wants(self) -> None:
        assert REPORT.keys() >= TOLD
