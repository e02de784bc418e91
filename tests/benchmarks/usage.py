"""How long the usage page takes with a million calls: `python -m tests.benchmarks.usage`.

From the project's root. Fills a PostgreSQL of its own with a million calls of 1,000 people in 30
days, and another with as many in a year; prints what the database did for each query, and the
median times of the figures alone and of the whole page, as a browser gets it.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "example_project"))

import django

django.setup()

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mindwave_django.usage.days import Period, last_days
from mindwave_django.usage.report import Report
from mindwave_django.usage.rollup import close_days
from tests.support.databases import POSTGRESQL, default_database, fresh_database
from tests.usage.million import PEOPLE, add_calls, plan_of

CALLS = 1_000_000
RUNS = 15


def figures(period: Period) -> None:
    """Ask for all that the page shows."""
    report = Report(period)
    for field in ("day", "model", "driver", "owner"):
        report.by(field)
    for field in ("day", "model"):
        report.latencies(field)


def measure(what: str, act: Callable[[], object]) -> None:
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1000)
    middle = statistics.median(times)
    print(f"{what}: {middle:.0f} ms (least {min(times):.0f}, most {max(times):.0f})")


def show_plans(period: Period) -> None:
    with CaptureQueriesContext(connection) as queries:
        figures(period)
    for query in queries.captured_queries:
        print(f"-- {query['sql'][:90]} …\n{plan_of(query['sql'])}\n")


def main() -> None:
    for days in (30, 365):
        with fresh_database(POSTGRESQL) as url, default_database(url):
            add_calls(CALLS, days)
            began = time.perf_counter()
            close_days()
            summing_up = time.perf_counter() - began
            connection.cursor().execute("VACUUM ANALYZE")
            show_plans(last_days(days))
            browser, page = Client(), reverse("admin:mindwave_django_dailyusage_changelist")
            browser.force_login(get_user_model().objects.create_superuser("root"))
            version = connection.pg_version // 10000  # type: ignore[attr-defined]
            print(f"Python {sys.version.split()[0]}, Django {django.__version__}", end=", ")
            print(f"PostgreSQL {version}: {CALLS} calls of {PEOPLE} people in {days} days")
            print(f"summing up, once: {summing_up:.1f} s")
            measure(f"figures of {days} days", lambda: figures(last_days(days)))  # noqa: B023
            measure("the whole page", lambda: browser.get(page, {"days": days}))  # noqa: B023
            print()


if __name__ == "__main__":
    main()
