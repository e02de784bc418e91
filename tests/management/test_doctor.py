"""`manage.py mindwave_doctor` without a URL, as a newcomer reads it, and as a program does."""

from __future__ import annotations

import json
from unittest import mock

from django.test import TestCase, override_settings, tag

from mindwave_django.exceptions import ProviderAuthenticationError
from mindwave_django.probe import Plan
from mindwave_django.testing import fake_driver
from tests.management.doctoring import (
    BROKEN,
    KEYS,
    ONE_DRIVER,
    complaint,
    doctor,
    findings,
    levels,
)
from tests.programs import manage

KEY = "sk-proj-very-secret-12345678"
CALL_FAILED = """
  error   Driver 'default' was asked and failed: ProviderAuthenticationError: HTTP 401
          → The key is wrong or may not use this model: see api_key, or OPENAI_API_KEY in the
            environment of this process.
"""


class HereTests(TestCase):
    """Without a URL."""

    def setUp(self) -> None:
        super().setUp()
        short = Plan(pieces=4, interval=0.02)
        patch = mock.patch("mindwave_django.doctor.middleware.PLAN", short)
        patch.start()
        self.addCleanup(patch.stop)

    def test_areas(self) -> None:
        _, said = doctor()
        areas = [line for line in said.splitlines() if line and not line.startswith(" ")]
        assert areas == [
            "Settings",
            "Models",
            "Processes",
            "Database",
            "Middleware",
            "Pages",
            "Production",
        ]

    def test_words(self) -> None:
        _, said = doctor("--workers", "1")
        for line in (
            "  ok      Answers are kept in memory, which fits one worker process.",
            "  ok      Streams pass the middleware piece by piece.",
        ):
            assert line in said.splitlines()

    def test_nothing_is_wrong_with_the_example(self) -> None:
        status, said = doctor()
        assert (status, "  error " in said) == (0, False)

    def test_json(self) -> None:
        status, said = doctor("--json")
        assert status == 0
        answer = json.loads(said)
        assert list(answer) == ["findings"]
        for each in answer["findings"]:
            assert list(each) == KEYS
            assert all(isinstance(value, str) for value in each.values())
            assert each["level"] in {"ok", "note", "warning", "error"}
        assert {each["area"] for each in answer["findings"]} == {
            *("Settings", "Models", "Processes", "Database", "Middleware", "Pages", "Production")
        }

    def test_workers(self) -> None:
        for arguments, environment, level in (
            ((), {}, "note"),
            (("--workers", "2"), {}, "warning"),
            ((), {"WEB_CONCURRENCY": "2"}, "warning"),
            (("--workers", "2"), {"WEB_CONCURRENCY": "1"}, "warning"),
            ((), {"WEB_CONCURRENCY": ""}, "note"),
        ):
            found = levels(findings(*arguments, **environment))
            with self.subTest(arguments=arguments, environment=environment):
                assert found["log_per_process"] == level
        for arguments, environment in (
            (("--workers", "1"), {}),
            ((), {"WEB_CONCURRENCY": "1"}),
            (("--workers", "1"), {"WEB_CONCURRENCY": "2"}),
        ):
            found = levels(findings(*arguments, **environment))
            assert found["log"] == "ok"

    def test_fail_level(self) -> None:
        two = ("--workers", "2")
        assert doctor(*two)[0] == 0
        assert doctor(*two, "--fail-level", "error")[0] == 0
        assert doctor(*two, "--fail-level", "warning")[0] == 1
        with override_settings(MINDWAVE={"UNHEARD": 1}):
            for level in ("error", "warning"):
                assert doctor("--fail-level", level)[0] == 1
                assert doctor("--fail-level", level, "--json")[0] == 1

    def test_settings_that_are_broken(self) -> None:
        for mindwave in BROKEN:
            with override_settings(MINDWAVE=mindwave), self.subTest(mindwave):
                status, said = doctor()
                assert status == 1
                assert said.startswith("Settings\n")
                assert "  error   MINDWAVE" in said

    def test_settings_that_are_broken_and_silenced(self) -> None:
        silenced = [f"mindwave.E00{n}" for n in range(1, 10)]
        for mindwave in BROKEN:
            with (
                override_settings(MINDWAVE=mindwave, SILENCED_SYSTEM_CHECKS=silenced),
                self.subTest(mindwave),
            ):
                said = complaint()
                assert not said or said.startswith("MINDWAVE")

    def test_urls_that_cannot_be_imported(self) -> None:
        with override_settings(ROOT_URLCONF="no.such.urls"):
            status, said = doctor()
        assert status == 1
        assert "  error   The system checks raise ModuleNotFoundError." in said
        assert "          → See where: python manage.py check" in said
        assert "Middleware" not in said

    @ONE_DRIVER
    def test_call(self) -> None:
        with fake_driver("yes") as driver:
            assert "call" not in levels(findings())
            assert driver.calls == []
            assert levels(findings("--call"))["call"] == "ok"

    @ONE_DRIVER
    def test_call_that_fails(self) -> None:
        with fake_driver(ProviderAuthenticationError("HTTP 401", detail=f"Bad key {KEY}")):
            status, said = doctor("--call")
        assert status == 1
        assert CALL_FAILED in said
        assert KEY not in said

    @tag("machine")
    def test_from_the_shell(self) -> None:
        done = manage("mindwave_doctor", "--json", MINDWAVE_DRIVER="demo")
        assert done.stderr == ""
        assert done.returncode == 1  # the database in memory is empty
        assert levels(json.loads(done.stdout)["findings"])["migrations"] == "error"
