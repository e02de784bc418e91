"""`tracing.configure()`: what it reads, and what it says of an exporter that is not there."""

from __future__ import annotations

from typing import Any
from unittest import mock

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase
from opentelemetry import metrics, trace
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from mindwave_django.tracing import configure


class ConfigureTests(SimpleTestCase):
    def configured(self, **environment: str) -> dict[str, Any]:
        """Return the providers that were set, and whether Django was instrumented."""
        done: dict[str, Any] = {}
        with (
            mock.patch.dict("os.environ", environment),
            mock.patch.object(trace, "set_tracer_provider", lambda it: done.update(traces=it)),
            mock.patch.object(metrics, "set_meter_provider", lambda it: done.update(metrics=it)),
            mock.patch.object(DjangoInstrumentor, "instrument", lambda it: done.update(django=it)),
        ):
            configure()
        for provider in (done.get("traces"), done.get("metrics")):
            if provider is not None:
                provider.shutdown()
        return done

    def test_to_the_console(self) -> None:
        done = self.configured(OTEL_TRACES_EXPORTER="console", OTEL_METRICS_EXPORTER="none")
        assert isinstance(done["traces"], TracerProvider)
        assert "metrics" not in done
        assert done["django"]

    def test_metrics_alone(self) -> None:
        done = self.configured(OTEL_TRACES_EXPORTER="none", OTEL_METRICS_EXPORTER="console")
        assert isinstance(done["metrics"], MeterProvider)
        assert "traces" not in done

    def test_switched_off(self) -> None:
        assert self.configured(OTEL_SDK_DISABLED="true") == {}

    def test_what_the_site_has_set_up_stays(self) -> None:
        provider = TracerProvider()
        with mock.patch.object(trace, "get_tracer_provider", return_value=provider):
            done = self.configured(OTEL_METRICS_EXPORTER="none")
        assert "traces" not in done

    def test_exporter_that_is_not_there(self) -> None:
        for environment, named in (
            ({"OTEL_TRACES_EXPORTER": "jaeger"}, "'jaeger'"),
            ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "'otlp_proto_grpc'"),
        ):
            with self.assertRaisesMessage(ImproperlyConfigured, f"asks for the exporter {named}"):
                self.configured(**environment)
