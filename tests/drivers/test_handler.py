"""From an alias in the settings to a driver, and what is said if that does not work."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.test import SimpleTestCase, override_settings

from mindwave_django.backends import BackendError
from mindwave_django.drivers import Driver, drivers
from mindwave_django.drivers.demo import DemoDriver
from mindwave_django.drivers.openai import OpenAIDriver

DEMO = "mindwave_django.drivers.demo.DemoDriver"
OPENAI = "mindwave_django.drivers.openai.OpenAIDriver"


class PickyDriver(DemoDriver):
    def __init__(self, alias: str = "default", *, size: int = 1) -> None:
        if size < 1:
            raise ValueError(f"size should be at least 1, got {size}.")
        super().__init__(alias)


def configured(**configs: Any) -> override_settings:
    return override_settings(MINDWAVE={"DRIVERS": configs})


class HandlerTests(SimpleTestCase):
    def test_alias_names_a_driver(self) -> None:
        chat = {"BACKEND": OPENAI, "OPTIONS": {"api_key": "k", "model": "m"}}
        with configured(default={"BACKEND": DEMO}, chat=chat):
            assert type(drivers["default"]) is DemoDriver
            assert type(drivers["chat"]) is OpenAIDriver
            assert (drivers["chat"].alias, drivers["chat"].model) == ("chat", "m")

    def test_same_instance_every_time(self) -> None:
        with configured(default={"BACKEND": DEMO}, other={"BACKEND": DEMO}):
            assert drivers["default"] is drivers["default"]
            assert drivers["default"] is not drivers["other"]

    def test_new_instance_when_the_settings_change(self) -> None:
        with configured(default={"BACKEND": DEMO}):
            before = drivers["default"]
            with configured(default={"BACKEND": DEMO, "OPTIONS": {"model": "x"}}):
                assert drivers["default"] is not before
                assert drivers["default"].model == "x"
            assert drivers["default"].model == "mindwave-demo"

    def test_same_instance_when_another_setting_changes(self) -> None:
        with configured(default={"BACKEND": DEMO}):
            before = drivers["default"]
            with override_settings(DEBUG=True):
                assert drivers["default"] is before

    def test_demo_without_any_setting(self) -> None:
        with override_settings():
            from django.conf import settings

            del settings.MINDWAVE
            drivers.reset(setting="MINDWAVE")
            self.addCleanup(drivers.reset, setting="MINDWAVE")
            assert type(drivers["default"]) is DemoDriver


class ErrorTests(SimpleTestCase):
    def refused(self, config: Any) -> tuple[str, str | None, str]:
        with configured(default=config), self.assertRaises(BackendError) as caught:
            drivers["default"]
        return str(caught.exception), caught.exception.hint, caught.exception.check_id

    def test_unknown_alias(self) -> None:
        both = configured(default={"BACKEND": DEMO}, local={"BACKEND": DEMO})
        with both, self.assertRaises(ImproperlyConfigured) as caught:
            drivers["lokal"]
        assert str(caught.exception) == (
            "MINDWAVE['DRIVERS'] has no driver 'lokal'. Did you mean 'local'? "
            "Known: default, local."
        )

    def test_no_drivers_at_all(self) -> None:
        with configured(), self.assertRaises(ImproperlyConfigured) as caught:
            drivers["default"]
        assert str(caught.exception) == (
            "MINDWAVE['DRIVERS'] has no driver 'default'. Known: none."
        )

    def test_every_text(self) -> None:
        for config, (text, hint, check_id) in ERRORS:
            with self.subTest(text):
                assert self.refused(config) == (text, hint, check_id)

    def test_failure_is_not_remembered(self) -> None:
        self.refused({"BACKEND": "nowhere.Driver"})
        with configured(default={"BACKEND": DEMO}):
            assert isinstance(drivers["default"], Driver)

    def test_value_of_an_option_is_not_repeated(self) -> None:
        text, hint, _ = self.refused({"BACKEND": OPENAI, "OPTIONS": {"api_kee": "secret"}})
        assert "secret" not in f"{text} {hint}"


HERE = "MINDWAVE['DRIVERS']['default']"
DEMO_OPTIONS = "Known: delay, model, tokens_per_second."
ERRORS: tuple[tuple[Any, tuple[str, str | None, str]], ...] = (
    (DEMO, (f"{HERE} should be a dict, got {DEMO!r}.", None, "mindwave.E002")),
    (
        {"BACKEND": DEMO, "OPTION": {}},
        (
            f"{HERE} has no key 'OPTION'.",
            "Did you mean 'OPTIONS'? Known: BACKEND, OPTIONS.",
            "mindwave.E001",
        ),
    ),
    (
        {},
        (
            f"{HERE}['BACKEND'] should be the dotted path of a class, got None.",
            None,
            "mindwave.E002",
        ),
    ),
    (
        {"BACKEND": DEMO, "OPTIONS": ["secret"]},
        (f"{HERE}['OPTIONS'] should be a dict, got list.", None, "mindwave.E002"),
    ),
    (
        {"BACKEND": "nowhere.Driver"},
        (
            f"{HERE}: Could not import BACKEND 'nowhere.Driver': No module named 'nowhere'",
            None,
            "mindwave.E004",
        ),
    ),
    (
        {"BACKEND": "builtins.dict"},
        (
            f"{HERE}: BACKEND 'builtins.dict' should be a subclass of {Driver.__module__}.Driver.",
            None,
            "mindwave.E004",
        ),
    ),
    (
        {"BACKEND": DEMO, "OPTIONS": {"modell": "x"}},
        (
            f"{HERE}: DemoDriver has no option 'modell'.",
            f"Did you mean 'model'? {DEMO_OPTIONS}",
            "mindwave.E005",
        ),
    ),
    (
        {"BACKEND": DEMO, "OPTIONS": {"alias": "x"}},
        (f"{HERE}: DemoDriver has no option 'alias'.", DEMO_OPTIONS, "mindwave.E005"),
    ),
    (
        {"BACKEND": f"{__name__}.PickyDriver", "OPTIONS": {"size": 0}},
        (f"{HERE}: size should be at least 1, got 0.", None, "mindwave.E005"),
    ),
)
