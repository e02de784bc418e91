"""A server whose probe is on, and what the doctor finds of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.test import SimpleTestCase, tag

from mindwave_django.doctor.findings import Finding, bad
from mindwave_django.doctor.network import look_at_site
from tests.support.servers import Server, serving


@tag("machine")
class DoctorTestCase(SimpleTestCase):
    """Starts the server called `server_name` once for all tests of the class."""

    server_name: ClassVar[str] = "uvicorn"
    env: ClassVar[Mapping[str, str]] = {}
    server: ClassVar[Server]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        defaults = {
            "DJANGO_SETTINGS_MODULE": "tests.support.settings_probe",
            "MINDWAVE_HEARTBEAT_INTERVAL": "1",
        }
        cls.server = cls.enterClassContext(serving(cls.server_name, defaults | dict(cls.env)))

    def look(self, url: str, **options: Any) -> dict[str, Finding]:
        """Return what is found at a URL, by code."""
        chosen = {"long": False, "origin": None} | options
        self.found = {each.code: each for each in look_at_site(url, **chosen)}
        return self.found

    def assert_only(self, *codes: str) -> None:
        """Check that this is wrong, and nothing else."""
        wrong = {each.code for each in bad(self.found.values())}
        assert wrong == set(codes), self.found
