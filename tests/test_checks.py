"""System checks of the settings: each id, its text and its hint."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.checks import registry, run_checks
from django.test import SimpleTestCase, override_settings, tag

from mindwave_django.checks import check_deployment, check_settings
from tests.checking import DEMO, CheckTestCase, check, check_default
from tests.programs import manage


class RightSettingsTests(CheckTestCase):
    def test_nothing_is_wrong_with_the_defaults(self) -> None:
        assert check({}) == []

    def test_nothing_is_wrong_with_every_key_set(self) -> None:
        mindwave = {
            "DRIVERS": {"default": {"BACKEND": DEMO, "OPTIONS": {"delay": 0}}},
            "STREAMING": {"LOG": {"BACKEND": "mindwave_django.streaming.log.MemoryLog"}},
            "CHAT": {"ACCESS": "mindwave_django.access.anyone"},
            "LOG_CONTENT": False,
        }
        assert check(mindwave) == []

    def test_access_may_be_a_callable(self) -> None:
        assert check({"CHAT": {"ACCESS": lambda request: True}}) == []


class UnknownKeyTests(CheckTestCase):
    def test_in_mindwave(self) -> None:
        self.assert_one(
            check({"DRIVER": {}}),
            "E001",
            "MINDWAVE has no setting 'DRIVER'.",
            "Did you mean 'DRIVERS'? Known: CHAT, CLIENT_IP, DRIVERS, LOG_CONTENT, PRICING, "
            "PROBE, STREAMING, TRACING.",
        )

    def test_in_streaming(self) -> None:
        self.assert_one(
            check({"STREAMING": {"TIMEOUTS": 3}}),
            "E001",
            "MINDWAVE['STREAMING'] has no setting 'TIMEOUTS'.",
            "Did you mean 'TIMEOUT'? Known: FIRST_TOKEN_TIMEOUT, FLUSH_INTERVAL, "
            "HEARTBEAT_INTERVAL, IDLE_TIMEOUT, LOG, MAX_STREAMS, ON_DISCONNECT, PROGRESS, "
            "RECONNECT_GRACE, RETENTION, RETRY, SHUTDOWN_GRACE, TIMEOUT.",
        )

    def test_in_chat(self) -> None:
        self.assert_one(
            check({"CHAT": {"ALLOWED_MODEL": []}}),
            "E001",
            "MINDWAVE['CHAT'] has no setting 'ALLOWED_MODEL'.",
            "Did you mean 'ALLOWED_MODELS'? Known: ACCESS, ADOPT_ON_LOGIN, ALLOWED_MODELS, "
            "ALLOWED_ORIGINS, CHECKPOINT_INTERVAL, CONTEXT_WINDOWS, COST_BUDGET, "
            "MAX_PROMPT_LENGTH, MAX_STREAMS_PER_OWNER, MAX_TOKENS, PENDING_TIMEOUT, RATE, "
            "RECORDER, SYSTEM_PROMPT, TITLE, TOKEN_BUDGET.",
        )

    def test_in_a_driver(self) -> None:
        self.assert_one(
            check_default(OPTION={}),
            "E001",
            "MINDWAVE['DRIVERS']['default'] has no key 'OPTION'.",
            "Did you mean 'OPTIONS'? Known: BACKEND, OPTIONS.",
        )

    def test_in_the_log(self) -> None:
        self.assert_one(
            check({"STREAMING": {"LOG": {"BACKENDS": DEMO}}}),
            "E001",
            "MINDWAVE['STREAMING']['LOG'] has no key 'BACKENDS'.",
            "Did you mean 'BACKEND'? Known: BACKEND, OPTIONS.",
        )

    def test_nothing_near(self) -> None:
        found = check({"QUUX": 1})
        known = "CHAT, CLIENT_IP, DRIVERS, LOG_CONTENT, PRICING, PROBE, STREAMING, TRACING"
        assert found[0].hint == f"Known: {known}."

    def test_every_one_is_told_at_once(self) -> None:
        found = check({"A": 1, "STREAMING": {"B": 1}, "CHAT": {"C": 1, "D": 1}})
        assert [message.id for message in found] == ["mindwave.E001"] * 4

    def test_key_that_is_no_text(self) -> None:
        assert check({1: 2})[0].msg == "MINDWAVE has no setting '1'."


class WrongTypeTests(CheckTestCase):
    def test_mindwave_is_no_dict_and_is_told_once(self) -> None:
        self.assert_one(check([]), "E002", "MINDWAVE should be a dict, got [].")

    def test_group_is_no_dict(self) -> None:
        found = check({"STREAMING": None, "CHAT": 3})
        assert [message.msg for message in found if message.id == "mindwave.E002"] == [
            "MINDWAVE['STREAMING'] should be a dict, got None.",
            "MINDWAVE['CHAT'] should be a dict, got 3.",
        ]

    def test_value(self) -> None:
        self.assert_one(
            check({"STREAMING": {"TIMEOUT": "5 min"}}),
            "E002",
            "MINDWAVE['STREAMING']['TIMEOUT'] should be a positive number of seconds, got '5 min'.",
        )

    def test_infinite_number_of_seconds(self) -> None:
        for name in ("RETRY", "TIMEOUT"):
            with self.subTest(name=name):
                found = check({"STREAMING": {name: float("inf")}})
                assert [message.id for message in found] == ["mindwave.E002"]

    def test_driver_is_no_dict(self) -> None:
        self.assert_one(
            check({"DRIVERS": {"default": DEMO}}),
            "E002",
            f"MINDWAVE['DRIVERS']['default'] should be a dict, got {DEMO!r}.",
        )

    def test_backend_is_no_text(self) -> None:
        self.assert_one(
            check({"DRIVERS": {"default": {"BACKEND": None}}}),
            "E002",
            "MINDWAVE['DRIVERS']['default']['BACKEND'] should be the dotted path of a class, "
            "got None.",
        )

    def test_options_are_no_dict(self) -> None:
        self.assert_one(
            check_default(OPTIONS="sk-secret"),
            "E002",
            "MINDWAVE['DRIVERS']['default']['OPTIONS'] should be a dict, got str.",
        )

    def test_origins_without_a_scheme(self) -> None:
        found = check({"CHAT": {"ALLOWED_ORIGINS": ["https://a.example", "example.com"]}})
        assert [message.id for message in found] == ["mindwave.E002"]


class NoDefaultTests(CheckTestCase):
    def test_no_default(self) -> None:
        self.assert_one(
            check({"DRIVERS": {"demo": {"BACKEND": DEMO}}}),
            "E003",
            "MINDWAVE['DRIVERS'] has no driver 'default'.",
            "It is used wherever no alias is named.",
        )


class BrokenSettingsTests(CheckTestCase):
    def test_nothing_breaks_the_checks(self) -> None:
        broken: list[Any] = [
            None,
            "demo",
            {"DRIVERS": None},
            {"DRIVERS": {"default": None}},
            {"DRIVERS": {1: {"BACKEND": "x.Y"}, "default": {"BACKEND": DEMO}}},
            {"DRIVERS": {"default": {"BACKEND": DEMO, "OPTIONS": {1: 2}}}},
            {"DRIVERS": {"default": {"BACKEND": "mindwave_django.drivers.base.Driver"}}},
            {"STREAMING": []},
            {"STREAMING": {"LOG": {"BACKEND": 1}}},
            {"CHAT": {"ACCESS": ()}},
        ]
        for mindwave in broken:
            with self.subTest(mindwave=mindwave):
                assert all(message.id.startswith("mindwave.E") for message in check(mindwave))
                assert check(mindwave)


class RegistrationTests(CheckTestCase):
    databases = {"default"}  # the models' own checks ask it

    def test_app(self) -> None:
        assert apps.get_app_config("mindwave_django").verbose_name == "Mindwave"

    def test_checks_are_registered_where_they_belong(self) -> None:
        assert check_settings in registry.registry.get_checks()
        assert check_deployment not in registry.registry.get_checks()
        assert check_deployment in registry.registry.get_checks(include_deployment_checks=True)

    def test_they_can_be_run_alone(self) -> None:
        with override_settings(MINDWAVE={"QUUX": 1}, USE_TZ="maybe"):
            found = run_checks(tags=["mindwave"], include_deployment_checks=True)
        assert "mindwave.E001" in {message.id for message in found}
        assert all(message.id.startswith("mindwave.") for message in found)

    def test_checks_run_with_all_others(self) -> None:
        with override_settings(MINDWAVE={"QUUX": 1}):
            assert "mindwave.E001" in {message.id for message in run_checks()}


@tag("machine")
class CommandTests(SimpleTestCase):
    def test_check_is_clean_with_warnings_as_errors(self) -> None:
        done = manage("check")
        assert done.returncode == 0, done.stderr
        assert done.stdout == "System check identified no issues (0 silenced).\n"
        assert done.stderr == ""

    def test_deployment_check_warns_of_the_open_example(self) -> None:
        done = manage("check", "--deploy")
        assert done.returncode == 0, done.stderr
        assert "(mindwave.W002)" in done.stderr
        assert "(mindwave.W003)" in done.stderr

    def test_no_migration_is_missing(self) -> None:
        done = manage("makemigrations", "--check", "--dry-run")
        assert (done.returncode, done.stdout) == (0, "No changes detected\n"), done.stderr
