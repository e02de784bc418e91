"""Sums of days that are over: the same as those of the calls, made once, and never twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

from django.db import connection
from django.test import SimpleTestCase, TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mindwave_django.models import (
    DailyUsage,
    Figures,
    OwnerUsage,
    ProviderCall,
    RollUp,
    Span,
)
from mindwave_django.usage import latency
from mindwave_django.usage.days import DAY, Period, begin_of, day_of, last_days, parse_since, today
from mindwave_django.usage.figures import FIELDS, Total
from mindwave_django.usage.report import Chosen, Report
from mindwave_django.usage.rollup import close_days, forget_owner, replace_owner, start_again
from tests.usage.calls import call, random_calls, summed, summed_by

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
TODAY = NOON.date()


def at(moment: datetime = NOON) -> Any:
    return mock.patch("django.utils.timezone.now", return_value=moment)


class AtNoon(TestCase):
    def setUp(self) -> None:
        clock = at()
        clock.start()
        self.addCleanup(clock.stop)


def key_of(field: str) -> Any:
    if field == "day":
        return lambda one: day_of(one.ended_at)
    return lambda one: getattr(one, field)


class SameAsTheCallsTests(AtNoon):
    PERIODS = (
        Period(TODAY, TODAY),
        Period(date(2026, 9, 1), date(2026, 10, 31)),
        Period(date(2026, 9, 10), TODAY),
        Period(date(2026, 9, 10), date(2026, 9, 20)),
        Period(date(2026, 9, 30), date(2026, 11, 1)),
        Period(date(2026, 8, 25), date(2026, 9, 30)),
        Period(date(2026, 12, 1), date(2026, 12, 2)),
    )
    CHOSEN = (
        Chosen(),
        Chosen(model="small"),
        Chosen(driver="local"),
        Chosen(owner="u:1"),
        Chosen(model="large", owner=""),
    )

    calls: list[ProviderCall]

    @classmethod
    def setUpTestData(cls) -> None:
        with at():
            cls.calls = random_calls(800, date(2026, 8, 20), 98)
            close_days()

    def within(self, period: Period, chosen: Chosen) -> list[ProviderCall]:
        where = chosen.fields().items()
        return [
            one
            for one in self.calls
            if period.first <= day_of(one.ended_at) <= period.last
            and all(getattr(one, name) == value for name, value in where)
        ]

    def each(self) -> Any:
        for period in self.PERIODS:
            for chosen in self.CHOSEN:
                yield Report(period, chosen), self.within(period, chosen), (period, chosen)

    def test_sums(self) -> None:
        for report, found, which in self.each():
            assert report.total == summed(found), which
            for field in ("day", "model", "driver", "owner"):
                assert report.by(field) == summed_by(key_of(field), found), (which, field)

    def test_times_to_the_first_token(self) -> None:
        for report, found, which in self.each():
            for field in ("day", "model"):
                counted = report.latencies(field)
                timed = [one for one in found if one.time_to_first_token is not None]
                assert set(counted) == set(map(key_of(field), timed)), which
                total = sum(sum(counts.values()) for counts in counted.values())
                assert total == len(timed), which

    def test_lines_of_each_day(self) -> None:
        def key(one: ProviderCall) -> tuple[Any, ...]:
            return day_of(one.ended_at), one.model, one.driver, one.owner

        for report, found, which in self.each():
            lines = {line[:4]: Total(*line[4:]) for day in report.lines() for line in day}
            assert lines == summed_by(key, found), which

    def test_erased_owner(self) -> None:
        assert forget_owner("u:2") == sum(one.owner == "u:2" for one in self.calls)
        for one in self.calls:
            one.owner = "" if one.owner == "u:2" else one.owner
        self.test_sums()

    def test_start_again(self) -> None:
        DailyUsage.objects.update(calls=77)
        start_again()
        self.test_sums()


@override_settings(TIME_ZONE="America/New_York")
class OtherTimeZoneTests(SameAsTheCallsTests):
    @classmethod
    def setUpTestData(cls) -> None:
        with override_settings(TIME_ZONE="America/New_York"):
            super().setUpTestData()


class ClosingTests(AtNoon):
    def test_figures_are_the_fields(self) -> None:
        assert {field.name for field in Figures._meta.get_fields()} == set(FIELDS)

    def test_today_is_left_open(self) -> None:
        call(TODAY), call(TODAY - DAY)
        assert close_days() == TODAY - DAY
        assert [row.day for row in DailyUsage.objects.all()] == [TODAY - DAY]

    def test_yesterday_is_left_open_for_an_hour(self) -> None:
        midnight = datetime(2026, 11, 25, tzinfo=UTC)
        call(TODAY - DAY)
        with at(midnight + timedelta(minutes=59)):
            assert close_days() == TODAY - 2 * DAY
            call(midnight - timedelta(seconds=1))  # a call that comes late
            assert Report(last_days(2)).total.calls == 2
        with at(midnight + timedelta(minutes=61)):
            assert close_days() == TODAY - DAY
            assert Report(last_days(2)).total.calls == 2

    def test_each_day_is_summed_up_once(self) -> None:
        for number in range(5):
            call(TODAY - number * DAY)
        close_days()
        with CaptureQueriesContext(connection) as queries:
            close_days()
        assert len(queries) == 1
        assert sorted(DailyUsage.objects.values_list("calls", flat=True)) == [1, 1, 1, 1]

    def test_whoever_comes_second_counts_nothing_again(self) -> None:
        call(TODAY - DAY)
        raced = []

        def slow(*args: Any) -> Any:
            if not raced:
                raced.append(True)
                with at(NOON + timedelta(days=1)):  # its clock is ahead
                    close_days()  # in the time between looking and locking
            return original(*args)

        from mindwave_django.usage import rollup

        original = rollup.changing
        with mock.patch.object(rollup, "changing", slow):
            close_days()
        assert RollUp.objects.get().until == TODAY
        assert DailyUsage.objects.get().calls == 1
        assert [row.calls for row in OwnerUsage.objects.all()] == [1, 1]

    def test_days_without_calls_are_passed_over(self) -> None:
        call(TODAY - 300 * DAY), call(TODAY - 2 * DAY)
        with CaptureQueriesContext(connection) as queries:
            close_days()
        assert len(queries) < 60
        assert RollUp.objects.get().until == TODAY - DAY

    def test_nothing_was_ever_called(self) -> None:
        report = Report(last_days(365))
        with CaptureQueriesContext(connection) as queries:
            assert report.total == Total()
        assert len(queries) == 2  # sums, and the calls of today

    def test_months(self) -> None:
        call(date(2026, 8, 31)), call(date(2026, 10, 1)), call(date(2026, 11, 1))
        close_days()
        months = OwnerUsage.objects.filter(span=Span.MONTH_TOTAL).values_list("day", "calls")
        assert sorted(months) == [(date(2026, 8, 1), 1), (date(2026, 10, 1), 1)]
        with at(NOON + timedelta(days=7)):
            close_days()
        assert sorted(months.all())[2:] == [(date(2026, 11, 1), 1)]

    def test_what_is_over_is_not_read_again(self) -> None:
        random_calls(200, TODAY - 80 * DAY, 81)
        close_days()
        ProviderCall.objects.filter(ended_at__lt=NOON - timedelta(hours=12)).delete()
        report = Report(last_days(90))
        assert report.total.calls == 200
        assert sum(total.calls for total in report.by("owner").values()) == 200
        assert len(report.latencies("day")) > 70

    def test_owner_who_was_erased_while_a_day_was_summed_up(self) -> None:
        call(TODAY - DAY, owner="u:9")
        close_days()
        replace_owner("u:9", "u:1")
        assert set(Report(last_days(7)).by("owner")) == {"u:1"}
        assert {row.owner for row in OwnerUsage.objects.all()} == {"u:1"}


class LatencyTests(TestCase):
    def test_percentiles_are_near_the_true_ones(self) -> None:
        made = random_calls(2000, today(), 1)
        times = sorted(t for one in made if (t := one.time_to_first_token) is not None)
        [counts] = Report(last_days(1)).latencies("day").values()
        for share in (0.5, 0.95, 0.99):
            found = latency.percentile(counts, share)
            true = times[int(share * len(times))]
            assert found is not None
            assert abs(found / true - 1) < 0.05

    def test_extremes(self) -> None:
        for time in (0.0, 1e-9, 0.001, 1.0, 3600.0):
            call(time_to_first_token=time)
        [counts] = Report(last_days(2)).latencies("model").values()
        assert sum(counts.values()) == 5
        shortest, longest = latency.percentile(counts, 0.01), latency.percentile(counts, 1)
        assert 0.0009 < (shortest or 0) < 0.0012
        assert 3600 <= (longest or 0) <= 3600 * latency.RATIO

    def test_nothing_known(self) -> None:
        assert latency.percentile({}, 0.5) is None


class SinceTests(SimpleTestCase):
    def test_words(self) -> None:
        with at():
            assert parse_since("1d") == Period(TODAY, TODAY)
            assert parse_since("7d") == Period(date(2026, 11, 19), TODAY)
            assert len(parse_since("4w")) == 28
            assert parse_since("2026-11-01") == Period(date(2026, 11, 1), TODAY)

    def test_others(self) -> None:
        for text in ("", "7", "0d", "-1d", "7h", "367d", "2026-13-01", "2027-01-01", "2020-01-01"):
            with self.subTest(text), at(), self.assertRaises(ValueError):
                parse_since(text)

    def test_days_are_those_of_the_site(self) -> None:
        with (
            at(datetime(2026, 11, 25, 1, tzinfo=UTC)),
            override_settings(TIME_ZONE="America/New_York"),
            timezone.override("Asia/Tokyo"),
        ):
            assert today() == date(2026, 11, 24)
            assert begin_of(date(2026, 11, 24)) == datetime(2026, 11, 24, 5, tzinfo=UTC)
