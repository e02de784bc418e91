"""Times to the first token as counts in buckets, of which percentiles are read.

Counts can be added up over days, percentiles cannot. A bucket is a fifth wider than the one before,
so a percentile is at most that far from the true one, whatever its size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from django.db.models import F, Func, SmallIntegerField, Value
from django.db.models.functions import Cast, Floor, Greatest, Ln

RATIO = 2**0.25  # from one bucket to the next
MEDIAN, SLOW = 0.5, 0.95  # the shares that people ask for
SHORTEST = 0.001  # seconds; what is shorter counts as this

Counts = Mapping[int, int]  # bucket → calls


def bucket() -> Func:
    """Return the expression for the bucket of a call."""
    time = Greatest(F("time_to_first_token"), Value(SHORTEST))
    return Cast(Floor(Ln(time) / Value(math.log(RATIO))), SmallIntegerField())


def percentile(counts: Counts, share: float) -> float | None:
    """Return the time in seconds within which this share of the calls had its first token."""
    wanted = share * sum(counts.values())
    before = 0
    for number, calls in sorted(counts.items()):
        if before + calls >= wanted:
            return float(RATIO ** (number + (wanted - before) / calls))
        before += calls
    return None


def added(counts: Iterable[Counts]) -> Counts:
    """Return the counts of all together."""
    found: Counter[int] = Counter()
    for one in counts:
        found.update(one)
    return found
