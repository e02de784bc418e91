"""The trace a generation belongs to, and how to set tracing up."""

from __future__ import annotations

import contextvars
import os
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from django.core.exceptions import ImproperlyConfigured
from opentelemetry import context as otel_context
from opentelemetry import metrics, trace
from opentelemetry.context import Context as TraceContext

__all__ = [
    "TraceContext",
    "TraceIds",
    "configure",
    "current_ids",
    "current_trace",
    "fresh_context",
]

# The names that OTEL_…_EXPORTER may have, and the protocols of OTLP.
OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}


class TraceIds(NamedTuple):
    """Identifiers of a span in W3C form, None where nothing is traced."""

    trace_id: str | None  # 32 hexadecimal digits
    span_id: str | None  # 16


def current_trace() -> TraceContext:
    """Return the trace at hand; ask while the view runs, for its span ends before the stream."""
    return otel_context.get_current()


def fresh_context(trace_context: TraceContext | None) -> contextvars.Context:
    """Return a new context that carries this trace and nothing else.

    A task that inherits a request's context breaks once the request is over: its thread is gone.
    """
    fresh = contextvars.Context()
    if trace_context is not None:
        fresh.run(otel_context.attach, trace_context)
    return fresh


def current_ids() -> TraceIds:
    """Return the identifiers of the current span."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return TraceIds(None, None)
    return TraceIds(trace.format_trace_id(span.trace_id), trace.format_span_id(span.span_id))


def configure() -> None:
    """Send traces and metrics where the standard OTEL_* variables say; once for each process.

    Sets OpenTelemetry's SDK up, unless the site has done so already, and its instrumentation of
    Django, which gives each request a span. OTEL_TRACES_EXPORTER and OTEL_METRICS_EXPORTER are
    `otlp`, `console` or `none`; by default `otlp`, which needs opentelemetry-exporter-otlp.
    OTEL_SDK_DISABLED=true does nothing. Call it before Django builds its middleware: in the
    `ready()` of an app. Servers that fork may have done so before; exporters start again in each
    child.

    Raises ImproperlyConfigured for an exporter that is not installed.
    """
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return
    from opentelemetry.instrumentation.django import DjangoInstrumentor  # noqa: PLC0415

    _configure_traces()
    _configure_metrics()
    instrumentor = DjangoInstrumentor()
    if not instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.instrument()


def _configure_traces() -> None:
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    exporter = _exporter("traces")
    if exporter is None or isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def _configure_metrics() -> None:
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415

    exporter = _exporter("metrics")
    if exporter is None or isinstance(metrics.get_meter_provider(), MeterProvider):
        return
    metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(exporter)]))


def _exporter(signal: str) -> Any:
    """Return the exporter that OTEL_<SIGNAL>_EXPORTER names, or None for `none`."""
    variable = f"OTEL_{signal.upper()}_EXPORTER"
    name = os.environ.get(variable, "otlp").strip()
    if name == "none":
        return None
    if name == "otlp":
        protocol = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf").strip()
        name = OTLP.get(protocol, protocol)
    found = tuple(entry_points(group=f"opentelemetry_{signal}_exporter", name=name))
    if not found:
        raise ImproperlyConfigured(
            f"{variable} asks for the exporter {name!r}, which is not installed: "
            "pip install 'mindwave-django[tracing]', or set the variable to 'console' or 'none'."
        )
    return found[0].load()()
