"""Spans and figures of tests: collected in memory, by providers that stand in for the site's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mindwave_django.metrics import instruments


class Collected:
    """What has been traced and measured so far."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.meters = MeterProvider([self._reader])
        self.tracer = self.tracers.get_tracer("tests")

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans of calls to models, in the order of their ends."""
        return [span for span in self._exporter.get_finished_spans() if span.name[:5] == "chat "]

    @property
    def span(self) -> ReadableSpan:
        """The one span of a call to a model."""
        [span] = self.spans
        return span

    @property
    def metrics(self) -> list[Any]:
        """The metrics, each with its points."""
        data = self._reader.get_metrics_data()
        resources = data.resource_metrics if data is not None else ()
        return [
            each for found in resources for scope in found.scope_metrics for each in scope.metrics
        ]

    @property
    def points(self) -> dict[str, list[Any]]:
        """The points of each metric by its name."""
        found: dict[str, list[Any]] = {}
        for metric in self.metrics:
            found.setdefault(metric.name, []).extend(metric.data.data_points)
        return found

    def total(self, name: str, **attributes: Any) -> float:
        """Return the sum of a counter over the points with these attributes."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        return sum(
            point.value
            for point in self.points.get(name, [])
            if wanted.items() <= dict(point.attributes).items()
        )


@contextmanager
def collecting() -> Iterator[Collected]:
    """Collect spans and metrics of everything that happens in the block."""
    collected = Collected()
    instruments.cache_clear()
    with (
        mock.patch.object(trace, "get_tracer", collected.tracers.get_tracer),
        mock.patch.object(metrics, "get_meter_provider", return_value=collected.meters),
        mock.patch.object(metrics, "get_meter", collected.meters.get_meter),
    ):
        try:
            yield collected
        finally:
            instruments.cache_clear()
