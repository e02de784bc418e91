"""Says what was used and what it cost: `manage.py mindwave_usage --since 7d --by model`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.utils import timezone

from mindwave_django.management.terminal import as_shown
from mindwave_django.usage import words
from mindwave_django.usage.days import MOST_DAYS, Period, parse_since
from mindwave_django.usage.export import fields, line
from mindwave_django.usage.figures import Total
from mindwave_django.usage.latency import MEDIAN, SLOW, Counts, added, percentile
from mindwave_django.usage.report import Report, dearest_first
from mindwave_django.usage.rollup import start_again

KINDS = {"day": "day", "model": "model", "user": "owner", "driver": "driver"}
TIMED = ("day", "model")  # of which the time to the first token is known for whole days


class Group(NamedTuple):
    """A line of the answer."""

    key: str
    name: str
    total: Total
    times: Counts


class Command(BaseCommand):
    help = (
        "Show what calls to providers used and cost: their number, tokens, cost and time to the "
        "first token, by day, model, user or driver."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to show, and how."""
        parser.add_argument(
            "--since",
            default="7d",
            metavar="WHEN",
            help="a number of days or weeks, today included (7d, 4w), or a date (2026-11-01); 7d",
        )
        parser.add_argument("--by", choices=[*KINDS], default="model", help="what to sum up by")
        parser.add_argument("--format", choices=[*FORMATS], default="table", dest="form")
        parser.add_argument(
            "--rebuild",
            action="store_true",
            help="sum all calls up anew, also those of days that are over",
        )

    @no_translations
    def handle(
        self, *args: Any, since: str, by: str, form: str, rebuild: bool, **options: Any
    ) -> None:
        """Ask for the figures and print them."""
        period = _period(since)
        if rebuild:
            start_again()
        report = Report(period)
        self.stdout.write(FORMATS[form](report, by, groups(report, by)), ending="")


def _period(since: str) -> Period:
    try:
        return parse_since(since)
    except ValueError:
        raise CommandError(
            "--since should be a number of days or weeks such as 7d or 4w, or a date such as "
            f"2026-11-01, at most {MOST_DAYS} days ago; got {since!r}."
        ) from None


def groups(report: Report, by: str) -> list[Group]:
    """Return the figures of each day, or those of each other thing, the dearest first."""
    field = KINDS[by]
    found = report.by(field)
    times = report.latencies(field) if field in TIMED else {}
    if by == "day":
        return [Group(str(day), str(day), found[day], times.get(day, {})) for day in sorted(found)]
    names = words.names_of(field, found)
    return [Group(key, names[key], found[key], times.get(key, {})) for key in dearest_first(found)]


def as_table(report: Report, by: str, found: list[Group]) -> str:
    """Return aligned columns with a total."""
    period, zone = report.period, timezone.get_default_timezone_name()
    title = f"{period.first} to {period.last}, {zone}\n"
    if not found:
        return f"{title}\nNo calls.\n"
    heads = [by, "calls", "failed", "cancelled", "tokens in", "tokens out", "cost"]
    rows = [[_plain(group.name), *_columns(group.total)] for group in found]
    rows.append(["total", *_columns(report.total)])
    if KINDS[by] in TIMED:
        heads += ["first token p50", "p95"]
        for row, counts in zip(
            rows, [*(g.times for g in found), added(g.times for g in found)], strict=True
        ):
            row += [words.seconds(percentile(counts, share)) for share in (MEDIAN, SLOW)]
    lines = _aligned([heads, *rows])
    lines.insert(-1, "")
    return "\n".join([title, *lines, *_remark(report.total)]) + "\n"


def _columns(total: Total) -> list[str]:
    counts = [words.number(n) for n in (total.calls, total.failed, total.cancelled)]
    tokens = [words.tokens(n, total) for n in (total.input_tokens, total.output_tokens)]
    return [*counts, *tokens, words.short_cost(total)]


def _remark(total: Total) -> list[str]:
    unknown = {"cost": total.unknown_cost, "tokens": total.unknown_tokens}
    said = [
        f"{words.number(number)} of unknown {what}" for what, number in unknown.items() if number
    ]
    return ["", f"Calls: {', '.join(said)}."] if said else []


def _plain(name: str) -> str:
    """Return a name on one line, without what a terminal obeys: some come from providers."""
    return " ".join(as_shown(name).split())


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def as_csv(report: Report, by: str, found: list[Group]) -> str:
    """Return a line for each group; whoever wants a total can add them up."""
    lines = [[by, *fields(Total())], *([g.key, *fields(g.total).values()] for g in found)]
    return "".join(line(cells) for cells in lines)


def as_json(report: Report, by: str, found: list[Group]) -> str:
    """Return an object with everything."""
    said = {
        "since": str(report.period.first),
        "until": str(report.period.last),
        "time_zone": timezone.get_default_timezone_name(),
        "by": by,
        "groups": [{by: group.key, **_timed(group, by)} for group in found],
        "total": fields(report.total),
    }
    return json.dumps(said, indent=2) + "\n"


def _timed(group: Group, by: str) -> dict[str, Any]:
    shares = {"time_to_first_token_p50": MEDIAN, "time_to_first_token_p95": SLOW}
    times = {name: _rounded(percentile(group.times, share)) for name, share in shares.items()}
    return fields(group.total) | (times if KINDS[by] in TIMED else {})


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


FORMATS: dict[str, Callable[[Report, str, list[Group]], str]] = {
    "table": as_table,
    "csv": as_csv,
    "json": as_json,
}
