"""The Django application."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register


class MindwaveConfig(AppConfig):
    """Registers the system checks."""

    name = "mindwave_django"
    verbose_name = "Mindwave"

    def ready(self) -> None:
        """Register the checks; everything else waits for its first use."""
        from mindwave_django.checks import check_deployment, check_settings  # noqa: PLC0415

        register(check_settings)
        register(check_deployment, deploy=True)
