"""The Django application."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register

CHECK_TAG = "mindwave"


class MindwaveConfig(AppConfig):
    """Registers the system checks, and what the chat has to hear of."""

    name = "mindwave_django"
    verbose_name = "Mindwave"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register checks and receivers; everything else waits for its first use."""
        from django.contrib.auth.signals import user_logged_in  # noqa: PLC0415

        from mindwave_django.adoption import adopt_conversations  # noqa: PLC0415
        from mindwave_django.checks import check_deployment, check_settings  # noqa: PLC0415
        from mindwave_django.signals import stream_completed  # noqa: PLC0415
        from mindwave_django.titles import name_conversation  # noqa: PLC0415

        register(check_settings, CHECK_TAG)
        register(check_deployment, CHECK_TAG, deploy=True)
        user_logged_in.connect(adopt_conversations)
        stream_completed.connect(name_conversation)
