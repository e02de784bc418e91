"""The usage page in the admin: who sees it, what it says, and its export."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from mindwave_django.usage.days import DAY
from tests.usage.calls import call, random_calls
from tests.usage.pages import CALLS, EXPORT, KNOWN, PAGE, TODAY, PageTestCase


class AccessTests(PageTestCase):
    def test_needs_the_permission(self) -> None:
        self.staff.user_permissions.clear()
        for url in (PAGE, EXPORT, CALLS):
            assert self.client.get(url).status_code == 403
        assert PAGE not in self.html(reverse("admin:index"))

    def test_strangers_log_in_first(self) -> None:
        self.client.logout()
        for url in (PAGE, EXPORT):
            assert self.client.get(url).headers["Location"].startswith(reverse("admin:login"))

    def test_is_a_click_away(self) -> None:
        for url in (reverse("admin:index"), CALLS):
            assert f'href="{PAGE}"' in self.html(url)

    def test_there_are_no_rows_of_sums(self) -> None:
        for rest in ("add/", "1/change/", "1/"):
            assert self.client.get(PAGE + rest).status_code == 404

    def test_superuser_can_take_no_line_out(self) -> None:
        self.client.force_login(get_user_model().objects.create_superuser("root"))
        made = call()
        page = reverse("admin:mindwave_django_providercall_change", args=[made.pk])
        assert self.client.post(page, {"owner": "u:3"}).status_code == 403
        delete = reverse("admin:mindwave_django_providercall_delete", args=[made.pk])
        assert self.client.post(delete, {"post": "yes"}).status_code == 403
        assert "small" in self.html(page)


class ListTests(PageTestCase):
    def test_columns(self) -> None:
        call(owner="u:70", cost=Decimal("0.0016"), **KNOWN)
        call(outcome="failed", error_code="timeout")
        html = self.html(CALLS)
        for cell in ("1,000 / 500", "? / ?", "$0.0016", "failed: timeout", "0.52 s"):
            assert f">{cell}</td>" in html, cell
        assert ">staff<" in html

    def test_queries_do_not_grow_with_the_list(self) -> None:
        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                self.html(CALLS)
            return len(found)

        call()
        before = queries()
        for number in range(10):
            call(owner=f"u:{number}")
        assert queries() == before


class FiguresTests(PageTestCase):
    def test_cards(self) -> None:
        self.some_calls()
        assert self.cards() == {
            "Cost, at least": ["$12.50", "calls of unknown cost: 2", "$6.25 a call"],
            "Calls": ["4", "failed: 1 (25.0%)", "cancelled: 1 (25.0%)"],
            "Tokens in": ["2.00k", "cached: 12.5%", "calls of unknown usage: 2"],
            "Tokens out": ["1.00k", "reasoning: 0.0%", "calls of unknown usage: 2"],
            "First token, p50": ["0.55 s", "p95: 0.59 s"],
        }

    def test_days_and_filters(self) -> None:
        self.some_calls()
        for parameters, number in (
            ({"days": "7"}, "3"),
            ({"days": "90"}, "5"),
            ({"since": "2026-10-16", "until": "2026-10-16"}, "1"),
            ({"until": "2026-11-05"}, "2"),
            ({"model": "large"}, "1"),
            ({"driver": "local"}, "1"),
            ({"user": "staff"}, "1"),
            ({"user": "u:1"}, "2"),
        ):
            with self.subTest(parameters):
                assert self.cards(**parameters)["Calls"][0] == number

    def test_nothing(self) -> None:
        self.some_calls()
        assert "There were no calls in these days." in self.html(model="none")

    def test_what_cannot_be_shown(self) -> None:
        self.some_calls()
        for parameters, told in (
            ({"since": "2026-11-25", "until": "2026-11-24"}, "Choose at least one day"),
            ({"since": "2020-01-01"}, "at most 366."),
            ({"since": "soon"}, "Enter a valid date."),
            ({"user": "nobody"}, "There is no such user."),
        ):
            with self.subTest(parameters):
                html = self.html(**parameters)
                assert told in html
                assert 'value="2026-10-27"' in html  # the usual days
        assert "no such" in self.html(user='"><script>')
        assert "<script>" not in self.html(user='"><script>').partition("mindwave-filters")[2]
        for days in ("0", "8", "-7", "\u0667", "x"):
            assert 'value="2026-10-27"' in self.html(days=days)

    def test_tables(self) -> None:
        self.some_calls()
        assert self.table("model") == {
            "large": ["1", "0", "0", "1,000", "500", "$12.50", "0.55 s", "0.59 s"],
            "small": ["2", "1", "0", "1,000", "500", "≥ $0.0016", "0.55 s", "0.59 s"],
            "mystery": ["1", "0", "1", "?", "?", "?", "-", "-"],
        }
        assert self.table("owner") == {
            "staff": ["1", "0", "0", "1,000", "500", "$12.50"],
            "u:1": ["2", "1", "0", "1,000", "500", "≥ $0.0016"],
            "nobody, or erased": ["1", "0", "1", "?", "?", "?"],
        }
        assert [*self.table("driver")] == ["default", "local"]
        days = self.table("day")
        assert [*days] == ["Nov. 25, 2026", "Nov. 24, 2026", "Nov. 5, 2026"]
        assert days["Nov. 24, 2026"][0] == "2"

    def test_long_tables_end_in_a_sum(self) -> None:
        for number in range(25):
            call(owner=f"u:{number + 100}", cost=Decimal(number), **KNOWN)
        rows = self.table("owner")
        assert len(rows) == 21
        assert rows["others: 5"] == ["5", "0", "0", "5,000", "2,500", "$10.00"]

    def test_rows_lead_on(self) -> None:
        self.some_calls()
        html = self.html(days="7", driver="default")
        assert '<a href="?days=7&amp;driver=default&amp;model=large">' in html
        assert '<a href="?days=7&amp;driver=default&amp;user=u%3A70">' in html

    def test_queries_do_not_grow_with_calls_and_days(self) -> None:
        def queries(**parameters: str) -> int:
            self.html(**parameters)
            with CaptureQueriesContext(connection) as found:
                self.html(**parameters)
            return len(found)

        call()
        before = queries(days="7")
        random_calls(300, TODAY - 300 * DAY, 300)
        assert queries(days="365") <= before + 1  # names of users

    def test_nothing_is_asked_twice(self) -> None:
        self.some_calls()
        self.html()
        with CaptureQueriesContext(connection) as queries:
            self.html()
        asked = [query["sql"] for query in queries if "mindwave_django_" in query["sql"]]
        assert len(asked) == len(set(asked))

    def test_names_are_text(self) -> None:
        call(model="<b>bold</b>", driver="<i>")
        html = self.html()
        assert "<b>bold" not in html
        assert "&lt;b&gt;bold" in html

    def test_languages(self) -> None:
        self.some_calls()
        for language, said in (
            ("de", ("mindestens 12,50 $", "Kosten", "Nach Modell", "Als CSV exportieren")),
            ("fr", ("au moins 12,50 $", "Coût", "Par modèle", "Exporter en CSV")),
            ("es", ("al menos 12,50 $", "Coste", "Por modelo", "Exportar como CSV")),
        ):
            with self.subTest(language), translation.override(language):
                response = self.client.get(PAGE, headers={"Accept-Language": language})
            for text in said:
                assert text in response.content.decode(), text


class MarkupTests(PageTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.some_calls()

    def charts(self, **parameters: Any) -> Iterator[ET.Element]:
        for svg in re.findall(r"<svg.*?</svg>", self.html(**parameters), re.DOTALL):
            if "mindwave-grid" in svg:
                yield ET.fromstring(svg)

    def test_nothing_inline(self) -> None:
        html = self.html()
        for inline in (" style=", "<style", "javascript:", " onclick=", " onload="):
            assert inline not in html
        for script in re.findall(r"<script[^>]*>", html):
            assert "src=" in script
        assert 'href="/static/mindwave_django/usage.css"' in html

    def test_charts_have_names_and_descriptions(self) -> None:
        found = list(self.charts())
        assert [svg.findtext("title") for svg in found] == [
            *("Cost per day", "Calls per day", "Tokens per day", "Time to first token"),
        ]
        for svg in found:
            named = [svg.find("title"), svg.find("desc")]
            assert svg.get("aria-labelledby", "").split() == [
                element.get("id") for element in named if element is not None
            ]
            assert svg.get("role") == "img"
            assert "Oct. 27, 2026" in svg.findtext("desc", "")

    def test_a_pointer_reads_each_day(self) -> None:
        cost, calls, tokens, times = self.charts()
        for svg in (cost, calls, tokens, times):
            assert len(svg.findall("rect[@class='mindwave-column']")) == 30
        assert cost.findall("rect/title")[-1].text == "Nov. 25, 2026: $0.0016"
        assert cost.findall("rect/title")[-2].text == "Nov. 24, 2026: at least $12.50"
        assert cost.findall("rect/title")[0].text == "Oct. 27, 2026: $0.00"
        said = calls.findall("rect/title")[-2].text
        assert said == "Nov. 24, 2026: completed 1, cancelled 0, failed 1"
        said = times.findall("rect/title")[-1].text
        assert said == "Nov. 25, 2026: p95 0.59 s, p50 0.55 s"

    def test_numbers_are_numbers_in_every_language(self) -> None:
        with translation.override("de"):
            response = self.client.get(PAGE, headers={"Accept-Language": "de"})
        for svg in re.findall(r"<svg[^>]*viewBox.*?</svg>", response.content.decode(), re.DOTALL):
            for value in re.findall(r' (?:x|y|width|height)="([^"]*)"', svg):
                assert "," not in value
