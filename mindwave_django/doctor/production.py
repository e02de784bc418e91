"""What a site should have settled before people use it: times, figures, logs."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from mindwave_django.conf import mindwave_settings
from mindwave_django.doctor.findings import Finding, fine, note, warning
from mindwave_django.metrics import is_measured

RARE = 30.0  # seconds: longer silence is cut by proxies with usual limits
SHORT = 5.0  # seconds: a phone that changes its network is away for longer


def look_at_production() -> Iterator[Finding]:
    """See whether lost lines are survived, and whether somebody would notice what goes wrong."""
    found = [*_heartbeats(), *_absences(), *_crowds(), *_figures(), *_logs()]
    yield from found
    if not found:
        yield fine("production", "Lost lines are survived; ends of streams are logged and counted.")


def _heartbeats() -> Iterator[Finding]:
    interval = mindwave_settings.STREAMING.HEARTBEAT_INTERVAL
    if interval > RARE:
        yield warning(
            "heartbeats_rare",
            f"A silent stream sends something every {interval:g} s only: proxies cut such lines "
            "after 30 to 60 s, and clients call one lost after two intervals.",
            f"Set {mindwave_settings.STREAMING.place('HEARTBEAT_INTERVAL')} to 15.",
        )


def _absences() -> Iterator[Finding]:
    streaming = mindwave_settings.STREAMING
    names = ["RETENTION"]
    if streaming.ON_DISCONNECT == "cancel":
        names.append("RECONNECT_GRACE")
    for name in names:
        seconds = getattr(streaming, name)
        if seconds < SHORT:
            yield warning(
                "grace_short",
                f"{streaming.place(name)} is {seconds:g} s: who changes from Wi-Fi to mobile is "
                "away for longer, and loses the answer.",
                "Set it to 30 or more.",
            )


def _crowds() -> Iterator[Finding]:
    if mindwave_settings.CHAT.MAX_STREAMS_PER_OWNER is None:
        yield note(
            "streams_unbounded",
            "One person may have any number of answers written at once.",
            f"Set {mindwave_settings.CHAT.place('MAX_STREAMS_PER_OWNER')} to a few.",
        )


def _figures() -> Iterator[Finding]:
    if not is_measured():
        yield note(
            "not_measured",
            "No meter provider of OpenTelemetry is set up: nothing to set alerts on.",
            "Call mindwave_django.tracing.configure() in the ready() of an app.",
        )


def _logs() -> Iterator[Finding]:
    logger = logging.getLogger("mindwave_django")
    if not (logger.isEnabledFor(logging.INFO) and logger.hasHandlers()):
        yield note(
            "not_logged",
            "Starts and ends of streams are not logged; warnings and errors are.",
            "Give the logger 'mindwave_django' a handler and the level INFO in LOGGING.",
        )
