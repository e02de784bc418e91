"""Figures for other programs: as fields with plain names, and as lines of CSV."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator
from io import StringIO
from typing import Any

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

from mindwave_django.owners import owner_names
from mindwave_django.usage.figures import Total
from mindwave_django.usage.report import Report

# A spreadsheet takes a text that begins with one of these for a formula, and runs it.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def fields(total: Total) -> dict[str, Any]:
    """Return figures by name; None for what not one call knows."""
    no_cost = total.calls == total.unknown_cost
    no_tokens = total.calls == total.unknown_tokens
    found = total._asdict()
    unknown_tokens, unknown_cost = found.pop("unknown_tokens"), found.pop("unknown_cost")
    cost = None if no_cost and not total.cost else format(found.pop("cost").normalize(), "f")
    tokens = {
        name: None if no_tokens and not value else value
        for name, value in found.items()
        if name.endswith("tokens")
    }
    return {
        "calls": total.calls,
        "completed": total.completed,
        "failed": total.failed,
        "cancelled": total.cancelled,
        **tokens,
        "calls_of_unknown_tokens": unknown_tokens,
        "cost": cost,
        "calls_of_unknown_cost": unknown_cost,
    }


def line(cells: list[Any] | tuple[Any, ...]) -> str:
    """Return a line of CSV in which no text is a formula."""
    buffer = StringIO()
    csv.writer(buffer).writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _harmless(cell: Any) -> Any:
    is_formula = isinstance(cell, str) and cell.startswith(FORMULAS)
    return f"'{cell}" if is_formula else cell


def csv_lines(report: Report) -> Iterator[str]:
    """Yield the figures by day, model, driver and owner, a day at a time."""
    yield line(["day", "model", "driver", "owner", "user", *fields(Total())])
    for rows in report.lines():
        names = owner_names({owner for _day, _model, _driver, owner, *_figures in rows})
        yield "".join(
            line([day.isoformat(), model, driver, owner, names[owner], *_cells(figures)])
            for day, model, driver, owner, *figures in rows
        )


def _cells(figures: list[Any]) -> Iterator[Any]:
    return iter(fields(Total(*figures)).values())


class CSVResponse(StreamingHttpResponse):
    """Sends lines as they are made, under WSGI and ASGI."""

    def __init__(self, lines: Iterator[str], filename: str) -> None:
        super().__init__(lines, content_type="text/csv; charset=utf-8")
        self["Content-Disposition"] = f'attachment; filename="{filename}"'
        self["Cache-Control"] = "no-store"

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Make each part in the thread of the request, where Django would first collect them."""
        return self._parts()

    async def _parts(self) -> AsyncIterator[bytes]:
        parts = iter(self)

        def take() -> bytes | None:
            return next(parts, None)

        while (part := await sync_to_async(take)()) is not None:
            yield part
