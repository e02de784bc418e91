"""What a variant adds to the two-line view."""

from __future__ import annotations

import os
from typing import Any

from django.apps import AppConfig
from django.conf import settings

heard = 0


class SitesConfig(AppConfig):
    name = "tests.benchmarks.sites"
    label = "sites_of_benchmarks"

    def ready(self) -> None:
        """Set up traces and a receiver, where they are asked for."""
        from mindwave_django import tracing
        from mindwave_django.signals import token_streamed

        if "OTEL_EXPORTER_OTLP_ENDPOINT" in os.environ:
            tracing.configure()
        if receiver := {"async": count_async, "sync": count}.get(settings.RECEIVER):
            token_streamed.connect(receiver)


def count(event: Any, **kwargs: Any) -> None:
    """Count a token."""
    global heard  # noqa: PLW0603
    heard += 1


async def count_async(event: Any, **kwargs: Any) -> None:
    """Count a token."""
    count(event)
