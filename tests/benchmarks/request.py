"""What a request is made of: python -m tests.benchmarks.request [--rounds 5].

Processor time for an answer of one token, of servers that leave ever more out, in rounds that take
turns: what is missing is the difference. Prints the medians, and the parts in percent of the
two-line view.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence

import uvloop

from tests.benchmarks import report
from tests.benchmarks.__main__ import Around, around
from tests.benchmarks.variants import VARIANTS, Variant, started
from tests.benchmarks.workloads import AT_ONCE, Bench, Size
from tests.support.databases import SQLITE

WHOLE, HAND_WRITTEN = "two lines", "hand-written"
# The same project and response, whose text the view itself has; and our view, with a driver that
# has it.
NOBODY_ASKED, NO_PROVIDER = "Django alone", "without provider"
TRIED = {
    NOBODY_ASKED: VARIANTS[HAND_WRITTEN]._replace(path="/alone"),
    NO_PROVIDER: VARIANTS[WHOLE]._replace(path="/without-provider"),
    WHOLE: VARIANTS[WHOLE],
    HAND_WRITTEN: VARIANTS[HAND_WRITTEN],
}
# What a part is: a server that has it less one that has not.
PARTS = {
    "Django and the server": (NOBODY_ASKED, None),
    "this package": (NO_PROVIDER, NOBODY_ASKED),
    "the client and its transport": (WHOLE, NO_PROVIDER),
    "hand-written: the client as one calls it": (HAND_WRITTEN, NOBODY_ASKED),
}

Found = Mapping[str, Sequence[float]]


def cost(parts: Around, variant: Variant, requests: int) -> float:
    """Return the microseconds for a request to a new server."""
    with started(variant, parts.env, streams=AT_ONCE) as server:
        bench = Bench(variant, server, parts.provider.client)

        async def measure() -> float:
            await bench.prepare()
            return await bench.requests(requests)

        return uvloop.run(measure())


def shares(found: Found) -> dict[str, tuple[float, float]]:
    """Return each part in microseconds, and in terms of the two-line view."""
    medians = {name: statistics.median(costs) for name, costs in found.items()}
    found_parts = {}
    for part, (more, less) in PARTS.items():
        value = medians[more] - (medians[less] if less else 0.0)
        found_parts[part] = (value, value / medians[WHOLE])
    return found_parts


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.request")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(report.machine(), flush=True)
    found: dict[str, list[float]] = {name: [] for name in TRIED}
    with around(SQLITE) as parts:
        for _ in range(rounds):
            for name, costs in found.items():
                costs.append(cost(parts, TRIED[name], Size().requests))
                print(f"{name}: {costs[-1]:.0f} µs", file=sys.stderr, flush=True)
    medians = [[name, f"{statistics.median(costs):.0f}"] for name, costs in found.items()]
    print(report.table([["", "µs/request"], *medians]))
    print()
    rows = [
        [part, f"{value:.0f}", f"{share:.0%}"] for part, (value, share) in shares(found).items()
    ]
    print(report.table([["", "µs", "of the two-line view"], *rows]))


if __name__ == "__main__":
    main()
