"""A thousand streams at once: python -m tests.benchmarks.crowd.

Two worker processes, 1,000 answers at 20 tokens a second each, beside the two baselines: how long
the first token takes while the crowd comes in, how long the longest hundredth of the gaps between
two pieces is, and how much of two cores is used. Every text is checked.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

import uvloop

from tests.benchmarks.__main__ import Around, around
from tests.benchmarks.load import Reading
from tests.benchmarks.report import machine, table
from tests.benchmarks.variants import BASELINES, VARIANTS, Variant, started
from tests.benchmarks.workloads import LIMIT, Bench

WORKERS = 2
SETTLE = 3.0  # seconds


class Crowd(NamedTuple):
    """What a thousand readers saw: times in milliseconds."""

    first_tokens: list[float]
    gaps: list[float]
    cores: float
    tokens: float  # a second


async def crowd(bench: Bench, streams: int, seconds: float) -> Crowd:
    """Let all of them read for so long."""
    readings = await bench.open("paced", streams)
    await asyncio.sleep(SETTLE)
    began, used, sent = time.monotonic(), bench.cpu(), await bench.sent()
    await asyncio.sleep(seconds)
    ended = time.monotonic()
    cores, tokens = bench.cpu() - used, await bench.sent() - sent
    await bench.go(readings)
    bench.check(readings)
    gaps = [gap * 1000 for reading in readings for gap in _gaps(reading, began, ended)]
    first_tokens = [reading.first_token_after * 1000 for reading in readings]
    took = ended - began
    return Crowd(first_tokens, gaps, cores / took, tokens / took)


def _gaps(reading: Reading, began: float, ended: float) -> list[float]:
    times = [at for at, _ in reading.reads if began <= at <= ended]
    return [later - at for at, later in itertools.pairwise(times)]


def measure(parts: Around, variant: Variant, streams: int, seconds: float) -> Crowd:
    """Measure a new server."""
    more = ("--workers", str(WORKERS))
    with started(variant, parts.env, streams=streams, more=more) as server:
        return uvloop.run(
            _prepared(Bench(variant, server, parts.provider.client), streams, seconds)
        )


async def _prepared(bench: Bench, streams: int, seconds: float) -> Crowd:
    await bench.prepare()
    return await crowd(bench, streams, seconds)


def _row(name: str, rounds: Sequence[Crowd]) -> list[str]:
    first = [each for one in rounds for each in one.first_tokens]
    gaps = [each for one in rounds for each in one.gaps]
    return [
        name,
        *(f"{_quantile(first, q):.0f}" for q in (0.5, 0.99)),
        *(f"{_quantile(gaps, q):.0f}" for q in (0.5, 0.99)),
        f"{statistics.median(one.cores for one in rounds):.2f}",
        f"{statistics.median(one.tokens for one in rounds):.0f}",
    ]


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


HEAD = ["", "first token, ms", "p99", "gap, ms", "p99", "cores used", "tokens/s"]


def main() -> None:
    """Read the command line, measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.crowd")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    arguments = parser.parse_args()
    found: dict[str, list[Crowd]] = {name: [] for name in (*BASELINES, "two lines", "chat")}
    print(machine(), flush=True)
    with around() as parts:
        for _ in range(arguments.rounds):
            for name, rounds in tuple(found.items()):
                try:
                    rounds.append(
                        measure(parts, VARIANTS[name], arguments.streams, arguments.seconds)
                    )
                except TimeoutError:
                    print(f"{name}: not all of them began, or ended, in {LIMIT:.0f} s.", flush=True)
                    del found[name]
    print(table([HEAD, *(_row(name, rounds) for name, rounds in found.items())]))


if __name__ == "__main__":
    main()
