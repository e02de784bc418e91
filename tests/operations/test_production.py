"""What the doctor says of a site that is about to have users."""

from __future__ import annotations

import logging
from typing import Any
from unittest import mock

from django.test import SimpleTestCase, override_settings

from mindwave_django.doctor.findings import Finding, Level
from mindwave_django.doctor.production import look_at_production
from tests.usage.tracing import collecting

LOGGER = logging.getLogger("mindwave_django")


class ProductionTests(SimpleTestCase):
    def look(
        self, *, enabled: bool = True, handled: bool = True, **mindwave: Any
    ) -> dict[str, Finding]:
        with (
            override_settings(MINDWAVE=mindwave),
            collecting(),
            mock.patch.object(LOGGER, "isEnabledFor", return_value=enabled),
            mock.patch.object(LOGGER, "hasHandlers", return_value=handled),
        ):
            return {finding.code: finding for finding in look_at_production()}

    def test_nothing_to_say(self) -> None:
        [(code, finding)] = self.look().items()
        assert (code, finding.level) == ("production", Level.OK)

    def test_heartbeats_that_come_too_late_for_proxies(self) -> None:
        found = self.look(STREAMING={"HEARTBEAT_INTERVAL": 31})["heartbeats_rare"]
        assert found.level is Level.WARNING
        assert "every 31 s" in found.message
        assert "MINDWAVE['STREAMING']['HEARTBEAT_INTERVAL']" in found.hint
        assert "production" in self.look(STREAMING={"HEARTBEAT_INTERVAL": 30})

    def test_no_time_to_come_back(self) -> None:
        for name in ("RECONNECT_GRACE", "RETENTION"):
            found = self.look(STREAMING={name: 4.5})["grace_short"]
            assert f"MINDWAVE['STREAMING']['{name}'] is 4.5 s" in found.message
            assert "production" in self.look(STREAMING={name: 5})

    def test_grace_does_not_matter_where_answers_are_finished(self) -> None:
        found = self.look(STREAMING={"RECONNECT_GRACE": 0, "ON_DISCONNECT": "finish"})
        assert "production" in found

    def test_any_number_of_answers_at_once(self) -> None:
        found = self.look(CHAT={"MAX_STREAMS_PER_OWNER": None})["streams_unbounded"]
        assert found.level is Level.NOTE

    def test_nothing_is_measured(self) -> None:
        codes = {finding.code for finding in look_at_production()}
        assert "not_measured" in codes

    def test_ends_of_streams_are_not_logged(self) -> None:
        assert "not_logged" in self.look(enabled=False)
        assert "not_logged" in self.look(handled=False)
