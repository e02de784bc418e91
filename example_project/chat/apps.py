from __future__ import annotations

import os

from django.apps import AppConfig

from mindwave_django import tracing


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        from chat import receivers  # noqa: F401, PLC0415  # connects itself

        if any(name.startswith("OTEL_EXPORTER_OTLP") for name in os.environ):
            tracing.configure()
