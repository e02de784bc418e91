"""Whether costs grow linearly: python -m tests.benchmarks.growth.

The two-line view at full speed: answers ten and a hundred times as long, and ten and a hundred
times as many. The processor time for each token is to stay the same.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import NamedTuple

import uvloop

from tests.benchmarks.__main__ import Around, around
from tests.benchmarks.report import machine, table
from tests.benchmarks.variants import VARIANTS, started
from tests.benchmarks.workloads import Bench
from tests.support.databases import SQLITE

ROUNDS = 5
ENOUGH = 100_000  # tokens in one round


class Load(NamedTuple):
    """Streams at the same time, and tokens of each."""

    streams: int
    tokens: int

    async def cost(self, bench: Bench) -> float:
        """Return microseconds for each token."""
        times = max(1, ENOUGH // (self.streams * self.tokens))
        return statistics.fmean(
            [await bench.burst(self.streams, self.tokens) for _ in range(times)]
        )


LONGER = [Load(10, 2_000), Load(10, 20_000), Load(10, 200_000)]
MORE = [Load(1, 4_000), Load(10, 4_000), Load(100, 4_000)]


async def measure(bench: Bench) -> list[float]:
    """Measure every load once."""
    await bench.prepare()
    return [await load.cost(bench) for load in (*LONGER, *MORE)]


def rounds(parts: Around) -> Iterator[list[float]]:
    """Yield what each round found, of a new server each."""
    variant = VARIANTS["two lines"]
    for _ in range(ROUNDS):
        with started(variant, parts.env, streams=100) as server:
            yield uvloop.run(measure(Bench(variant, server, parts.provider.client)))


def main() -> None:
    """Measure, and print."""
    print(machine(), flush=True)
    with around(SQLITE) as parts:
        found = list(rounds(parts))
    costs = [statistics.median(each) for each in zip(*found, strict=True)]
    rows = [
        [f"{load.streams:,}", f"{load.tokens:,}", f"{cost:.1f}"]
        for load, cost in zip((*LONGER, *MORE), costs, strict=True)
    ]
    print(table([["streams", "tokens of each", "µs/token"], *rows]))
    for name, part in (("longer answers", costs[:3]), ("more streams", costs[3:])):
        print(f"{name}: the dearest costs {max(part) / min(part):.2f} times the cheapest")


if __name__ == "__main__":
    main()
