"""Figures about streams, for whatever OpenTelemetry meter a site has set up."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from opentelemetry import metrics
from opentelemetry.metrics import Counter, Histogram, UpDownCounter

from mindwave_django import conventions as names


class Instruments(NamedTuple):
    """What is measured."""

    duration: Histogram
    first_chunk: Histogram
    chunk: Histogram
    tokens: Histogram
    running: UpDownCounter
    ended: Counter
    resumed: Counter
    refused: Counter


@cache
def instruments() -> Instruments:
    """Return the instruments; they lead nowhere until a meter provider is there."""
    meter = metrics.get_meter("mindwave_django", schema_url=names.SCHEMA_URL)

    def seconds(name: str, description: str) -> Histogram:
        return meter.create_histogram(
            name,
            unit="s",
            description=description,
            explicit_bucket_boundaries_advisory=names.DURATION_BUCKETS,
        )

    return Instruments(
        duration=seconds(names.OPERATION_DURATION, "How long calls to models took."),
        first_chunk=seconds(names.TIME_TO_FIRST_CHUNK, "How long the first chunk took."),
        chunk=seconds(names.TIME_PER_OUTPUT_CHUNK, "How long each further chunk took."),
        tokens=meter.create_histogram(
            names.TOKEN_USAGE,
            unit="{token}",
            description="How many tokens went in and came out.",
            explicit_bucket_boundaries_advisory=names.TOKEN_BUCKETS,
        ),
        running=meter.create_up_down_counter(
            names.STREAMS_RUNNING, unit="{stream}", description="Answers being written."
        ),
        ended=meter.create_counter(
            names.STREAMS_ENDED, unit="{stream}", description="Answers by how they ended."
        ),
        resumed=meter.create_counter(
            names.STREAMS_RESUMED, unit="{request}", description="Readers who came back."
        ),
        refused=meter.create_counter(
            names.REQUESTS_REFUSED, unit="{request}", description="Requests refused, by code."
        ),
    )


def is_measured() -> bool:
    """Return whether a meter provider has been set up."""
    provider: Any = metrics.get_meter_provider()
    # Before that, the API's own stands in for it, and does nothing.
    return not type(provider).__module__.startswith("opentelemetry.metrics")


def count_resumed() -> None:
    """Note that a reader came back."""
    instruments().resumed.add(1)


def count_refused(code: str) -> None:
    """Note that a request was refused with this code."""
    instruments().refused.add(1, {names.CODE: code})
