"""A million calls on PostgreSQL: what is over is read from its sums, and counted once."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from typing import Any, ClassVar

from django.db import connection, connections
from django.test import SimpleTestCase, tag
from django.test.utils import CaptureQueriesContext

from mindwave_django.models import DailyLatency, DailyUsage, OwnerUsage, ProviderCall
from mindwave_django.usage.days import begin_of, last_days, today
from mindwave_django.usage.report import Report
from mindwave_django.usage.rollup import calls, close_days, database
from tests.support.databases import POSTGRESQL, default_database, fresh_database
from tests.usage.million import add_calls, plan_of

CALLS, DAYS = 1_000_000, 30
OPEN = timedelta(hours=26)  # today, and yesterday for an hour


@tag("machine")
class MillionTests(SimpleTestCase):
    databases: ClassVar[Any] = {"default"}

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        url = cls.enterClassContext(fresh_database(POSTGRESQL))
        cls.enterClassContext(default_database(url))
        add_calls(CALLS, DAYS)
        cls.sum_up_at_once()
        connection.cursor().execute("VACUUM ANALYZE")

    @classmethod
    def sum_up_at_once(cls) -> None:
        """Let three processes look at the same time."""

        def look() -> None:
            try:
                close_days()
            finally:
                connections[database()].close()

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_no_call_was_counted_twice(self) -> None:
        closed = calls().filter(ended_at__lt=begin_of(close_days() + timedelta(days=1)))
        number = closed.count()
        assert number > CALLS * 0.9
        for table in (DailyUsage, OwnerUsage):
            days = table.objects.filter(**({"span": "day"} if table is OwnerUsage else {}))
            assert sum(days.values_list("calls", flat=True)) == number
        timed = closed.exclude(time_to_first_token=None).count()
        assert sum(DailyLatency.objects.values_list("calls", flat=True)) == timed

    def test_days_that_are_over_are_read_from_their_sums(self) -> None:
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            report = Report(last_days(DAYS))
            for field in ("day", "model", "driver", "owner"):
                assert sum(total.calls for total in report.by(field).values()) > CALLS * 0.9
            report.latencies("day"), report.latencies("model")
        print(f"{DAYS} days, {CALLS} calls: {(time.perf_counter() - began) * 1000:.0f} ms")
        open_calls = ProviderCall.objects.filter(ended_at__gte=begin_of(today()) - OPEN).count()
        read = 0
        for query in queries.captured_queries:
            plan = plan_of(query["sql"])
            assert "Seq Scan on mindwave_django_providercall" not in plan, plan
            found = re.findall(r"on mindwave_django_providercall .*rows=(\d+) loops=(\d+)", plan)
            read += sum(int(rows) * int(loops) for rows, loops in found)
        assert 0 < read <= 2 * open_calls  # once for the figures, once for the times
