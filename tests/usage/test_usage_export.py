"""The CSV of the usage page: its rows, no formulas, and sent as it is made."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mindwave_django.usage.export import CSVResponse, line
from tests.usage.calls import call
from tests.usage.pages import EXPORT, PageTestCase


class ExportTests(PageTestCase):
    def rows(self, **parameters: Any) -> list[dict[str, str]]:
        response = self.client.get(EXPORT, parameters)
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        return list(csv.DictReader(StringIO(response.getvalue().decode())))

    def test_rows(self) -> None:
        self.some_calls()
        rows = self.rows()
        keys = ("day", "model", "driver", "owner", "user", "calls", "cost")
        assert [tuple(row[key] for key in keys) for row in rows] == [
            ("2026-11-05", "mystery", "default", "", "", "1", ""),
            ("2026-11-24", "large", "default", "u:70", "staff", "1", "12.5"),
            ("2026-11-24", "small", "local", "u:1", "u:1", "1", ""),
            ("2026-11-25", "small", "default", "u:1", "u:1", "1", "0.0016"),
        ]

    def test_filters_and_name(self) -> None:
        self.some_calls()
        assert len(self.rows(days="90")) == 5
        assert [row["owner"] for row in self.rows(user="staff")] == ["u:70"]
        response = self.client.get(EXPORT, {"days": "7"})
        name = response.headers["Content-Disposition"]
        assert name == 'attachment; filename="usage-2026-11-19-2026-11-25.csv"'
        page = self.html(model="large", days="7")
        assert f'href="{EXPORT}?days=7&amp;model=large"' in page

    def test_texts_are_no_formulas(self) -> None:
        get_user_model().objects.create_user("=cmd|' /C calc'!A0", pk=71)
        call(owner="u:71", model="@SUM(1+1)")
        [row] = self.rows()
        assert row["user"] == "'=cmd|' /C calc'!A0"
        assert row["model"] == "'@SUM(1+1)"

    def test_formulas(self) -> None:
        for text in ("=1", "+1", "-1", "@x", "\tx", "\rx"):
            [row] = csv.reader(StringIO(line([text, 5]), newline=""))
            assert row == [f"'{text}", "5"]
        assert line(["a=1", "1-2", -5]) == "a=1,1-2,-5\r\n"

    def test_days_are_made_as_they_are_sent(self) -> None:
        self.some_calls()
        response = self.client.get(EXPORT)
        parts = iter(response)
        with CaptureQueriesContext(connection) as queries:
            next(parts)
        assert not queries.captured_queries
        assert len(list(parts)) == 30

    async def test_under_asgi(self) -> None:
        made = []

        def lines() -> Iterator[str]:
            for number in range(3):
                made.append(number)
                yield str(number)

        parts = CSVResponse(lines(), "usage.csv")
        read = [(part, len(made)) async for part in parts]
        assert read == [(b"0", 1), (b"1", 2), (b"2", 3)]
