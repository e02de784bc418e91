"""Days as the site has them: in the time zone of the settings, from midnight to midnight."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

DAY = timedelta(days=1)
MOST_DAYS = 366  # of a period


@dataclass(frozen=True, order=True)
class Period:
    """Some days, the first and the last one included."""

    first: date
    last: date

    def __iter__(self) -> Iterator[date]:
        """Yield its days."""
        return (self.first + n * DAY for n in range(len(self)))

    def __len__(self) -> int:
        """Return how many days it has."""
        return max(0, (self.last - self.first).days + 1)

    @property
    def ends(self) -> tuple[date, date]:
        """The first and the last one, as a query takes them."""
        return self.first, self.last

    def until(self, day: date) -> Period:
        """Return its part up to this day, perhaps empty."""
        return Period(self.first, min(self.last, day))

    def after(self, day: date) -> Period:
        """Return its part after this day, perhaps empty."""
        return Period(max(self.first, day + DAY), self.last)


def today() -> date:
    """Return the current day."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def last_days(number: int) -> Period:
    """Return so many days, today being the last."""
    return Period(today() - (number - 1) * DAY, today())


def bounds(period: Period) -> tuple[datetime, datetime]:
    """Return when these days begin, and when the day after them does."""
    return begin_of(period.first), begin_of(period.last + DAY)


def begin_of(day: date) -> datetime:
    """Return the midnight at which a day begins."""
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def day_of(moment: datetime) -> date:
    """Return the day on which this was."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def month_of(day: date) -> date:
    """Return the first day of the month."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """Return the first day of the month after."""
    return (month_of(day) + 32 * DAY).replace(day=1)


def parse_since(text: str) -> Period:
    """Read 7d, 4w or 2026-11-01: the days since then, today included; raise ValueError."""
    if found := re.fullmatch(r"([1-9][0-9]{0,3})([dw])", text):
        period = last_days(int(found[1]) * {"d": 1, "w": 7}[found[2]])
    else:
        period = Period(date.fromisoformat(text), today())
    if not 0 < len(period) <= MOST_DAYS:
        raise ValueError(f"{len(period)} days")
    return period
