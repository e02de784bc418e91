"""The page about troubleshooting knows every code of the doctor, and no other."""

from __future__ import annotations

import re

from django.test import Client, SimpleTestCase, TestCase

from mindwave_django import exceptions
from mindwave_django.doctor.areas import areas
from mindwave_django.doctor.models import HINTS
from tests.operations.sources import CODE, codes_of_doctor
from tests.pages import rows, section, text_of_page

PAGE = "troubleshooting.md"
TABLE = "What the doctor says"


def documented() -> set[str]:
    """Return the codes that have a row."""
    return set(rows(section(PAGE, TABLE)))


class CodeTests(SimpleTestCase):
    def test_every_code_has_a_row(self) -> None:
        assert len(codes_of_doctor()) > 60  # they are found
        assert codes_of_doctor() | HINTS.keys() <= documented()

    def test_every_row_is_a_code(self) -> None:
        errors = {
            error.code
            for error in vars(exceptions).values()
            if isinstance(error, type) and issubclass(error, exceptions.DriverError)
        }
        assert documented() <= codes_of_doctor() | errors

    def test_sections_name_codes_that_exist(self) -> None:
        named = set()
        above = text_of_page(PAGE).partition(f"{TABLE}\n")[0]
        for told in re.findall(r"[Dd]octor[^|;.\n]*", above):
            named |= {code for code in re.findall(r"`([^`]+)`", told) if CODE.fullmatch(code)}
        assert len(named) > 25
        assert named - {"curl"} <= documented()


class DoctorTests(TestCase):
    def test_what_it_finds_here_has_a_row(self) -> None:
        """So that a code which is not spelt out in the source is missed here."""
        looked_at = areas([], call=True, long=False, origin=None, workers=2)
        found = {finding.code for area in looked_at for finding in area.findings}
        assert {"sqlite", "log_per_process", "middleware", "call"} <= found
        assert {code for code in found if not code.startswith("mindwave.")} <= documented()


class ShapeTests(SimpleTestCase):
    def test_every_section_can_be_found_from_the_top(self) -> None:
        page = text_of_page(PAGE)
        headings = set(re.findall(r"^## (.+)$", page, re.MULTILINE)) - {"Begin here"}
        linked = re.findall(r"\]\(#([\w-]+)\)", page.partition("\n## ")[0])
        anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
        assert anchors == set(linked)
        assert len(linked) == len(set(linked))

    def test_system_checks_exist(self) -> None:
        named = set(re.findall(r"mindwave\.[EW]\d{3}", text_of_page(PAGE)))
        assert named
        assert named <= rows(text_of_page("checks.md")).keys()

    def test_error_codes_exist(self) -> None:
        """In the sections that name them in the first cell, behind a status or an outcome."""
        cells = re.findall(r"^\| (?:\d{3}|`failed` with) `(\w+)`", text_of_page(PAGE), re.MULTILINE)
        assert len(cells) > 6
        known = {getattr(error, "code", "") for error in vars(exceptions).values()}
        assert set(cells) <= known


class ForgeryTests(TestCase):
    """Each way to be refused by the protection against forgery, in the words that the page has."""

    def test_reasons(self) -> None:
        told = set(rows(section(PAGE, "csrf_failed")))
        other = {"Origin": "https://example.com"}
        reasons = {
            self.reason(),
            self.reason(cookie=True),
            self.reason(cookie=True, headers={"X-CSRFToken": "b" * 32}),
            self.reason(cookie=True, headers=other),
        }
        assert {reason for reason in told if reason in reasons} == reasons
        assert len(reasons) == 4

    def reason(self, *, cookie: bool = False, headers: dict[str, str] | None = None) -> str:
        client = Client(enforce_csrf_checks=True)
        if cookie:
            client.cookies["csrftoken"] = "a" * 32
        with self.assertLogs("mindwave_django", "DEBUG") as logs:
            response = client.post(
                "/mindwave/messages/",
                {"prompt": "Hi"},
                content_type="application/json",
                headers=headers,
            )
        assert response.status_code == 403
        return logs.records[0].getMessage().partition("refused: ")[2]
