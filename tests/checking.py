"""How tests run the checks on settings of their own."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage
from django.test import SimpleTestCase, override_settings

from mindwave_django.checks import check_settings

DEMO = "mindwave_django.drivers.demo.DemoDriver"


def check(mindwave: Any) -> list[CheckMessage]:
    with override_settings(MINDWAVE=mindwave):
        return check_settings(None)


def check_default(**config: Any) -> list[CheckMessage]:
    return check({"DRIVERS": {"default": {"BACKEND": DEMO} | config}})


class CheckTestCase(SimpleTestCase):
    def assert_one(
        self, found: list[CheckMessage], check_id: str, text: str, hint: str | None = None
    ) -> None:
        assert [(m.id, m.msg, m.hint) for m in found] == [(f"mindwave.{check_id}", text, hint)]
