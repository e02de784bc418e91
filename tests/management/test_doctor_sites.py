"""`manage.py mindwave_doctor` with URLs: its words, and what it does not take."""

from __future__ import annotations

from io import StringIO
from unittest import mock

from django.core.management import CommandError
from django.test import SimpleTestCase, override_settings, tag

from mindwave_django.doctor.findings import Finding, Level
from mindwave_django.drivers.demo import DemoDriver
from mindwave_django.management.commands.mindwave_doctor import Command
from mindwave_django.probe import Plan
from mindwave_django.testing import fake_driver
from tests.doctor.sites import fake_site
from tests.doctor.visits import REPORT, every, refused, stream
from tests.management.doctoring import (
    BROKEN,
    KEYS,
    ONE_DRIVER,
    URL,
    complaint,
    doctor,
    findings,
)
from tests.programs import manage

FINE = """\
https://example.com
  ok      Requests come directly to uvicorn (ASGI, HTTP/1.1, Django 6.1).
  ok      Pieces come one by one: the first after 0.05 s, then at most 0.10 s apart (written 0.10 s
          apart).
  ok      A stream lives for 18 s, also silent (1 heartbeat came).
  ok      The application saw a reader hang up after 0.01 s.
"""
BUFFERED = """
  error   A proxy that does not name itself, such as HAProxy or a load balancer: all 10 pieces came
          at once, after 1.0 s.
          → switch response buffering off there; in HAProxy: no option http-buffer-response, option
            http-no-delay
"""


class SiteTests(SimpleTestCase):
    """With URLs."""

    def buffered(self) -> None:
        """Let something buffer between both URLs."""
        context = fake_site()
        site = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        site.report = REPORT | {"headers": {"Via": "1.1 somebody"}}
        site.pieces = lambda: stream(every(0 if URL in site.visited[-1][0] else 0.1, first=1))

    def test_fine(self) -> None:
        with fake_site():
            assert doctor(URL) == (0, FINE)

    def test_buffered(self) -> None:
        self.buffered()
        status, said = doctor(URL)
        assert status == 1
        assert BUFFERED in said

    def test_between(self) -> None:
        self.buffered()
        status, said = doctor(URL, "http://127.0.0.1:8000")
        assert status == 1
        assert said.endswith(
            "Between https://example.com and http://127.0.0.1:8000\n"
            "  note    Caused here: buffered.\n"
        )

    def test_json(self) -> None:
        self.buffered()
        found = findings(URL, "http://127.0.0.1:8000")
        assert all(list(each) == KEYS for each in found)
        first, *_, last = found
        assert (first["area"], first["code"]) == (URL, "way")
        assert last == {
            "area": "Between https://example.com and http://127.0.0.1:8000",
            "level": "note",
            "code": "caused_between",
            "message": "Caused here: buffered.",
            "hint": "",
            "layer": "",
        }

    def test_fail_level(self) -> None:
        with fake_site(left_after=0.01) as site:
            assert site.report is not None
            site.report["is_secure"] = False
            assert doctor(URL)[0] == 0
            assert doctor(URL, "--fail-level", "warning")[0] == 1

    def test_origin(self) -> None:
        with fake_site() as site:
            status, said = doctor(URL, "--origin", "https://pages.example")
        assert site.visited[-1][1] == {"Origin": "https://pages.example"}
        assert status == 1
        assert "CORS_ALLOWED_ORIGINS = ['https://pages.example']" in said

    @ONE_DRIVER
    def test_call(self) -> None:
        with fake_site(), fake_driver("yes"):
            areas = list(dict.fromkeys(each["area"] for each in findings(URL, "--call")))
        assert areas == ["Models", URL]

    def test_settings_that_are_broken(self) -> None:
        for mindwave in BROKEN:
            with (
                fake_site(),
                override_settings(MINDWAVE=mindwave),
                mock.patch.dict(DemoDriver.__init__.__kwdefaults__, delay=0),
                self.subTest(mindwave),
            ):
                said = complaint(URL, "--call", "--origin", "https://pages.example")
                assert not said or said.startswith("MINDWAVE")
                assert not said or said.endswith("See: python manage.py check")

    def test_what_a_site_says_does_not_move_the_cursor(self) -> None:
        with fake_site(pieces=lambda: refused(302, location="/\x1b[2Jlogin")):
            assert "\x1b" not in doctor(URL)[1]


class ArgumentTests(SimpleTestCase):
    def refused(self, *arguments: str, **environment: str) -> str:
        with self.assertRaises(CommandError) as caught, fake_site() as site:
            doctor(*arguments, **environment)
        assert site.visited == []
        return str(caught.exception)

    def test_urls(self) -> None:
        for url in ("ftp://example.com", "http://", "http://example.com:port"):
            assert self.refused(URL, url) == (
                f"A URL begins with https:// or http:// and a host, got {url!r}."
            )

    def test_workers(self) -> None:
        for text in ("0", "-1", "two", "1.5", "²"):
            for said in (
                self.refused(f"--workers={text}"),
                self.refused(WEB_CONCURRENCY=text),
            ):
                assert said == (
                    "--workers, or else WEB_CONCURRENCY, should be a whole number from 1, got "
                    f"{text!r}."
                )

    def test_origins(self) -> None:
        for text in (
            "example.com",
            "https://",
            "https://a/b",
            "https://a/",
            "http://[",
            "https://ü",
            "",
        ):
            assert self.refused(URL, f"--origin={text}") == (
                f"--origin should be scheme and host, such as https://example.com; got {text!r}."
            )

    def test_options_for_sites_only(self) -> None:
        assert self.refused("--long") == "--long needs the URL of a site to probe."
        assert self.refused("--origin", URL) == "--origin needs the URL of a site to probe."

    @tag("machine")
    def test_no_traceback_in_the_shell(self) -> None:
        done = manage("mindwave_doctor", "nonsense://x")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("CommandError: A URL begins with ")
        assert "Traceback" not in done.stderr

    def test_help(self) -> None:
        said = Command().create_parser("manage.py", "mindwave_doctor").format_help()
        for option in ("--long", "--call", "--origin", "--workers", "--json", "--fail-level"):
            assert option in said


class WrappingTests(SimpleTestCase):
    def shown(self, finding: Finding) -> str:
        with mock.patch.object(Command, "style", create=True):
            command = Command(stdout=StringIO(), no_color=True)
        command._print("Area", [finding])
        said: str = command.stdout.getvalue()
        return said

    def test_what_may_be_copied_stays_whole(self) -> None:
        option = "--" + "very-long-option-" * 6 + "x"
        said = self.shown(Finding(Level.NOTE, "a", "A message.", f"Give it this option: {option}"))
        assert option in said

    def test_nothing_to_say(self) -> None:
        assert self.shown(Finding(Level.OK, "a", "")) == "Area\n  ok      \n"

    def test_plan_is_never_shown(self) -> None:
        plan = Plan().signed()
        with fake_site(pieces=lambda: refused(302, location=f"/login/?next=x&plan={plan}")):
            assert plan not in doctor(URL)[1]
