"""What it means how long streams live, and when the application hears of a reader who has gone."""

from __future__ import annotations

from django.test import SimpleTestCase

from mindwave_django.doctor import verdicts
from mindwave_django.doctor.findings import Finding
from mindwave_django.doctor.layers import UNNAMED
from mindwave_django.doctor.verdicts import Way
from mindwave_django.doctor.visit import Visit
from tests.doctor.visits import ALONE, refused, said, stream, way

NGINX = way("nginx")
SERVER = "the application server"


class EnduranceTests(SimpleTestCase):
    lived = stream([0, 1, 2], heartbeats=[15.0])

    def verdict(self, talking: Visit, silent: Visit, way: Way = NGINX) -> Finding:
        (finding,) = verdicts.endurance(talking, silent, 18, way)
        return finding

    def cut(self, at: float) -> Visit:
        return stream([0.1], is_complete=False, ended_at=at)

    def test_lives(self) -> None:
        finding = self.verdict(self.lived, self.lived)
        assert said(finding) == ("ok", "endurance", "")
        assert finding.message == "A stream lives for 18 s, also silent (1 heartbeat came)."

    def test_cut_while_silent(self) -> None:
        finding = self.verdict(self.lived, self.cut(5))
        assert said(finding) == ("error", "cut_while_silent", "nginx")
        assert finding.message == "nginx: a stream was cut after 5.0 s while it was silent."
        assert finding.hint == "proxy_read_timeout 300s;"

    def test_cut_while_silent_by_who_does_not_name_itself(self) -> None:
        finding = self.verdict(self.lived, self.cut(5), ALONE)
        assert said(finding) == ("error", "cut_while_silent", UNNAMED)
        assert finding.message.startswith("A proxy that does not name itself, such as HAProxy")
        assert "timeout server 300s" in finding.hint

    def test_cut_while_talking_is_nobodys_of_the_proxies(self) -> None:
        finding = self.verdict(self.cut(12), self.cut(12))
        assert said(finding) == ("error", "cut_while_talking", SERVER)
        assert finding.message == "A stream was cut after 12.0 s with a piece each second."
        assert "--timeout 30" in finding.hint

    def test_cut_by_a_server_that_stands_alone(self) -> None:
        finding = self.verdict(self.cut(12), self.lived, ALONE)
        assert finding.layer == "the application server (uvicorn)"

    def test_limits_that_are_known(self) -> None:
        for at, words in (
            (30.2, "gunicorn"),
            (27.1, "gunicorn"),
            (26.9, ""),
            (54, "Heroku"),
            (60, "nginx"),
            (102, "Cloudflare"),
            (80, ""),
        ):
            message = self.verdict(self.lived, self.cut(at)).message
            with self.subTest(at):
                assert (", as by " in message) is bool(words)
                assert words in message

    def test_no_end(self) -> None:
        silent = stream([0.1], is_complete=False, gave_up=True, ended_at=28.0)
        finding = self.verdict(self.lived, silent)
        assert finding.message == "nginx: a stream of 28 s did not end while it was silent."

    def test_nothing_came(self) -> None:
        for nothing in (Visit(), refused(503), stream([], is_complete=False, gave_up=True)):
            finding = self.verdict(self.lived, nothing)
            assert finding.message == "nginx: nothing came of a stream while it was silent."
            assert self.verdict(nothing, nothing).code == "cut_while_talking"


class LeavingTests(SimpleTestCase):
    def test_at_once(self) -> None:
        finding = verdicts.leaving(2.0, 15, NGINX)
        assert said(finding) == ("ok", "leaves", "")

    def test_late(self) -> None:
        finding = verdicts.leaving(2.1, 15, NGINX)
        assert said(finding) == ("note", "leaves_late", "nginx")
        assert "after 2.1 s, at a heartbeat (every 15 s)" in finding.message
        assert "HEARTBEAT_INTERVAL" in finding.hint

    def test_never(self) -> None:
        assert said(verdicts.leaving(None, 15, NGINX)) == ("warning", "leave_not_seen", "nginx")
