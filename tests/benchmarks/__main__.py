"""What streaming costs, beside what others do: python -m tests.benchmarks.

    python -m tests.benchmarks --quick                    the two-line view and two baselines
    python -m tests.benchmarks --rounds 7 --json FILE     everything, in rounds that take turns
    python -m tests.benchmarks "two lines" chat           only these

Every server has one process, and every round new ones. The provider and the client that
checks all texts are processes of their own. Needs PostgreSQL. `tests.benchmarks.crowd` and
`tests.benchmarks.growth` measure a thousand streams, and whether costs grow linearly.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "example_project"))

import django
import uvloop

django.setup()

from tests.benchmarks import report
from tests.benchmarks.load import Client
from tests.benchmarks.variants import (
    BASELINES,
    PATHS,
    PROVIDER,
    USUAL,
    VARIANTS,
    Started,
    Variant,
    started,
)
from tests.benchmarks.workloads import QUICK, Bench, Cost, Size
from tests.servers.test_many import open_files
from tests.support.databases import POSTGRESQL, SQLITE, fresh_database
from tests.support.otlp import Receiver
from tests.support.processes import free_port, running
from tests.support.servers import PYTHON

FILES = 8192


class Around(NamedTuple):
    """What the servers need."""

    provider: Started
    env: dict[str, str]
    collector: Receiver

    def cost(self, variant: Variant, size: Size) -> Cost:
        """Measure a new server."""
        env = self.env | dict(variant.env)
        if variant.is_traced:
            env["OTEL_EXPORTER_OTLP_ENDPOINT"] = self.collector.url
            env.setdefault("OTEL_METRICS_EXPORTER", "none")
        with started(variant, env, streams=size.paced_streams) as server:
            cost = uvloop.run(Bench(variant, server, self.provider.client).measure(size))
        if not size.idle_streams or variant.streams_need_threads:
            return cost
        # In a new process: one that has streamed takes memory that it had before.
        with started(variant, env, streams=size.idle_streams) as server:
            idle = uvloop.run(Bench(variant, server, self.provider.client).measure_idle(size))
        return cost._replace(idle=idle)

    def cost_of_provider(self, size: Size) -> Cost:
        """Measure the provider itself."""
        return uvloop.run(Bench(PROVIDER, self.provider, self.provider.client).measure(size))


@contextmanager
def around(vendor: str = POSTGRESQL) -> Iterator[Around]:
    """Run the provider, a database, and a collector of traces."""
    port = free_port()
    command = [PYTHON, "-m", "tests.benchmarks.upstream", str(port)]
    with (
        open_files(FILES),
        fresh_database(vendor) as database,
        running(command, port=port, env=PATHS) as process,
        Receiver() as collector,
    ):
        env = {"DATABASE_URL": database, "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1"}
        yield Around(Started(process, Client(port)), env, collector)


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help=", ".join(VARIANTS))
    parser.add_argument("--quick", action="store_true", help="one small round, under a minute")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="where to write every figure")
    given = parser.parse_args(arguments)
    if unknown := set(given.variants) - set(VARIANTS):
        parser.error(f"There is no variant {', '.join(map(repr, unknown))}.")
    return given


def measure(parts: Around, names: Iterable[str], rounds: int, size: Size) -> dict[str, list[Cost]]:
    """Measure these variants in turns, and the provider once."""
    found: dict[str, list[Cost]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, costs in found.items():
            try:
                costs.append(parts.cost(VARIANTS[name], size))
            except TimeoutError as exc:
                exc.add_note(f"That was while {name!r} was measured.")
                raise
            print(f"{name}: {costs[-1]}", file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Read the command line, measure, and print."""
    arguments = parse()
    usual = (*BASELINES, "two lines") if arguments.quick else USUAL
    rounds, size = (1, QUICK) if arguments.quick else (arguments.rounds, Size())
    print(report.machine(), flush=True)
    with around(SQLITE if arguments.quick else POSTGRESQL) as parts:
        provider = parts.cost_of_provider(size)
        found = measure(parts, arguments.variants or usual, rounds, size)
    print(report.costs({**found, PROVIDER.name: [provider]}))
    print()
    print(report.ratios(found))
    if arguments.json:
        arguments.json.write_text(json.dumps(report.as_json(found), indent=1))


if __name__ == "__main__":
    main()
