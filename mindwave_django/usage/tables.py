"""The tables of the usage page."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from mindwave_django.usage import words
from mindwave_django.usage.figures import Total
from mindwave_django.usage.latency import MEDIAN, SLOW, Counts, added, percentile
from mindwave_django.usage.report import Report, dearest_first

ROWS = 20  # of a table; the rest is one row more


class Row(NamedTuple):
    """A row of a table."""

    name: str
    query: str  # leads to the page about it; empty: leads nowhere
    cells: list[str]


class Table(NamedTuple):
    """Figures by something."""

    key: str
    title: str
    head: str
    is_timed: bool
    rows: list[Row]


class Tables:
    """Puts a report into rows; `query` leads to the page about it."""

    def __init__(self, report: Report, query: dict[str, str]) -> None:
        self._report = report
        self._query = query

    def all(self) -> list[Table]:
        """Return the figures by model and user, by driver if there are several, and by day."""
        tables = [
            self._table("model", _("By model"), _("Model")),
            self._table("owner", _("By user"), _("User")),
        ]
        if len(self._report.by("driver")) > 1:
            tables.append(self._table("driver", _("By driver"), _("Driver")))
        return [*tables, self._days()]

    def _days(self) -> Table:
        """Return the figures of each day, the latest first."""
        found, times = self._report.by("day"), self._report.latencies("day")
        rows = [
            Row(date_format(day), "", _cells(found[day], times.get(day, {})))
            for day in sorted(found, reverse=True)
        ]
        return Table("day", _("By day"), _("Day"), True, rows)

    def _table(self, field: str, title: str, head: str) -> Table:
        found = self._report.by(field)
        is_timed = field == "model"
        times = self._report.latencies(field) if is_timed else {}
        order = dearest_first(found)
        names = words.names_of(field, order[:ROWS])
        rows = [
            Row(
                names[key],
                self._link(field, key),
                _cells(found[key], times.get(key, {}) if is_timed else None),
            )
            for key in order[:ROWS]
        ]
        if rest := order[ROWS:]:
            rows.append(_rest(rest, found, times if is_timed else None))
        return Table(field, title, head, is_timed, rows)

    def _link(self, field: str, key: str) -> str:
        parameter = "user" if field == "owner" else field
        if not key or parameter in self._query:
            return ""
        return "?" + urlencode(self._query | {parameter: key})


def _rest(keys: list[str], found: dict[str, Total], times: dict[str, Counts] | None) -> Row:
    total = Total()
    for key in keys:
        total = total.plus(found[key])
    name = _("others: %(number)s") % {"number": words.number(len(keys))}
    counts = None if times is None else added(times.get(key, {}) for key in keys)
    return Row(name, "", _cells(total, counts))


def _cells(total: Total, times: Counts | None) -> list[str]:
    """Return the cells of a row; with `times`, those as well."""
    cells = [words.number(n) for n in (total.calls, total.failed, total.cancelled)]
    cells += [words.tokens(n, total) for n in (total.input_tokens, total.output_tokens)]
    cells.append(words.short_cost(total))
    if times is not None:
        cells += [words.seconds(percentile(times, share)) for share in (MEDIAN, SLOW)]
    return cells
