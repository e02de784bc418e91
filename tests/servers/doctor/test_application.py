"""What is wrong with the application itself, its server or its settings, seen from outside."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from subprocess import PIPE, Popen
from unittest import mock

from django.test import override_settings

from tests.servers.doctor.base import DoctorTestCase
from tests.streaming.outside import comes_true
from tests.support import settings_probe
from tests.support.processes import ROOT, free_port
from tests.support.servers import SERVERS

ELSEWHERE = "https://front.example"
COLLECTING = "tests.support.middleware.collecting"
UNMARKING = "tests.doctor.middlewares.strips_content_encoding"
GZIP = "django.middleware.gzip.GZipMiddleware"
CORS = "corsheaders.middleware.CorsMiddleware"
IMPATIENT = (*SERVERS["gunicorn-sync"][:-1], "--timeout", "5", SERVERS["gunicorn-sync"][-1])


class RefusalTests(DoctorTestCase):
    env = {"DJANGO_SECRET_KEY": "another"}

    def test_nobody_listens(self) -> None:
        self.look(f"http://127.0.0.1:{free_port()}")
        self.assert_only("unreachable")
        assert "refused" in self.found["unreachable"].message

    def test_another_key(self) -> None:
        self.look(self.server.url)
        self.assert_only("probe_refused")
        assert "SECRET_KEY" in self.found["probe_refused"].hint

    def test_somewhere_else_on_the_site(self) -> None:
        self.look(f"{self.server.url}/elsewhere")
        self.assert_only("not_the_application")


class InterruptTests(DoctorTestCase):
    env = {"MINDWAVE_HEARTBEAT_INTERVAL": "60"}  # a silent stream is watched a bit longer

    def test_ctrl_c(self) -> None:
        command = (sys.executable, "example_project/manage.py", "mindwave_doctor", self.server.url)
        with Popen(command, cwd=ROOT, stdout=PIPE, stderr=PIPE, text=True) as doctor:
            assert doctor.stdout is not None
            told = iter(doctor.stdout.readline, "")
            assert any("Pieces come one by one" in line for line in told)
            tasks = Path(f"/proc/{doctor.pid}/task")
            assert comes_true(lambda: len([*tasks.iterdir()]) == 4)  # three visits, and who waits

            doctor.send_signal(signal.SIGINT)

            _, errors = doctor.communicate(timeout=30)
        assert (doctor.returncode, errors) == (130, "CommandError: Stopped.\n")


class OffTests(DoctorTestCase):
    env = {"DJANGO_SETTINGS_MODULE": "example.settings"}

    def test_off_by_default(self) -> None:
        self.look(self.server.url)
        self.assert_only("probe_off")
        assert "MINDWAVE['PROBE'] = True" in self.found["probe_off"].hint


class CollectingTests(DoctorTestCase):
    env = {"FURTHER_MIDDLEWARE": COLLECTING}

    def test_middleware_is_named(self) -> None:
        with override_settings(MIDDLEWARE=[COLLECTING, *settings_probe.USUAL]):
            found = self.look(self.server.url)
        self.assert_only("middleware_buffers", "buffered", "cache_control")
        assert found["middleware_buffers"].layer == COLLECTING
        assert found["buffered"].layer == COLLECTING


class GZipTests(DoctorTestCase):
    env = {"FURTHER_MIDDLEWARE": GZIP}

    def test_harmless_beside_our_header(self) -> None:
        with override_settings(MIDDLEWARE=[GZIP, *settings_probe.USUAL]):
            self.look(self.server.url)
        self.assert_only()


class CompressingTests(DoctorTestCase):
    env = {"FURTHER_MIDDLEWARE": f"{GZIP} {UNMARKING}"}

    def test_middleware_is_named(self) -> None:
        with override_settings(MIDDLEWARE=[GZIP, UNMARKING, *settings_probe.USUAL]):
            found = self.look(self.server.url)
        assert found["compressed"].layer in {GZIP, UNMARKING}
        assert "gzip" in found["compressed"].message


class ThreadsTests(DoctorTestCase):
    server_name = "gunicorn-gthread"

    def test_fine(self) -> None:
        self.look(self.server.url)
        self.assert_only()
        assert "directly to gunicorn" in self.found["way"].message
        assert "(WSGI, HTTP/1.1" in self.found["way"].message


class TimeoutTests(DoctorTestCase):
    server_name = "gunicorn-sync"
    env = {"MINDWAVE_HEARTBEAT_INTERVAL": "5"}

    @classmethod
    def setUpClass(cls) -> None:
        with mock.patch.dict(SERVERS, {"gunicorn-sync": IMPATIENT}):
            super().setUpClass()

    def test_worker_that_is_killed(self) -> None:
        found = self.look(self.server.url)
        self.assert_only("one_at_a_time", "cut_while_talking", "leave_not_seen")
        assert "gunicorn" in found["cut_while_talking"].layer
        assert "--timeout" in found["cut_while_talking"].hint


class OriginTests(DoctorTestCase):
    def test_no_headers(self) -> None:
        found = self.look(self.server.url, origin=ELSEWHERE)
        self.assert_only("cors_refused")
        assert f"CORS_ALLOWED_ORIGINS = ['{ELSEWHERE}']" in found["cors_refused"].hint

    def test_own_origin(self) -> None:
        self.look(self.server.url, origin=self.server.url)
        self.assert_only()


class AllowedOriginTests(DoctorTestCase):
    env = {"FURTHER_MIDDLEWARE": CORS, "CORS_ORIGINS": ELSEWHERE}

    def test_shipped_views_do_not_know_it(self) -> None:
        found = self.look(self.server.url, origin=ELSEWHERE)
        self.assert_only("origin_not_allowed")
        assert "ALLOWED_ORIGINS" in found["origin_not_allowed"].hint

    def test_shipped_views_know_it(self) -> None:
        allowed = {**settings_probe.MINDWAVE, "CHAT": {"ALLOWED_ORIGINS": [ELSEWHERE]}}
        with override_settings(MINDWAVE=allowed):
            found = self.look(self.server.url, origin=ELSEWHERE)
        self.assert_only()
        assert found["cors"].level == "ok"
