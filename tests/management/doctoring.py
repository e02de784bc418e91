"""How tests ask `mindwave_doctor`, and settings that it has to survive."""

from __future__ import annotations

import json
import os
from io import StringIO
from typing import Any
from unittest import mock

from django.core.management import CommandError, call_command
from django.test import override_settings

from tests.checking import DEMO

URL = "https://example.com"
KEYS = ["area", "level", "code", "message", "hint", "layer"]
ONE_DRIVER = override_settings(MINDWAVE={"DRIVERS": {"default": {"BACKEND": DEMO}}})

# Dicts that people have written, none of which is right.
BROKEN: list[Any] = [
    None,
    [],
    "MINDWAVE",
    {"STREAMING": None},
    {"STREAMING": {"HEARTBEAT_INTERVAL": "15"}},
    {"STREAMING": {"LOG": None}},
    {"STREAMING": {"LOG": {"BACKEND": "no.such.Log"}}},
    {"CHAT": 3},
    {"CHAT": {"ACCESS": "no.such.rule"}},
    {"CHAT": {"ALLOWED_ORIGINS": "https://example.com"}},
    {"CLIENT_IP": "no.such.function"},
    {"DRIVERS": []},
    {"DRIVERS": {}},
    {"DRIVERS": {"default": None}},
    {"DRIVERS": {"default": {}}},
    {"DRIVERS": {"default": {"BACKEND": "no.such.Driver"}}},
    {"DRIVERS": {"default": {"BACKEND": DEMO, "OPTIONS": {"unheard": 1}}}},
    {"PROBE": "yes"},
    {"UNHEARD": 1},
]


def doctor(*arguments: str, **environment: str) -> tuple[int, str]:
    """Return the exit status and what was said."""
    out = StringIO()
    with mock.patch.dict(os.environ, environment):
        if not environment:
            os.environ.pop("WEB_CONCURRENCY", None)
        try:
            call_command("mindwave_doctor", *arguments, stdout=out, no_color=True)
        except SystemExit as exc:
            return int(str(exc.code)), out.getvalue()
    return 0, out.getvalue()


def complaint(*arguments: str) -> str:
    """Return what the command complains of; empty if it does not."""
    try:
        doctor(*arguments)
    except CommandError as exc:
        return str(exc)
    return ""


def findings(*arguments: str, **environment: str) -> list[dict[str, str]]:
    """Return what was said to a program."""
    _, said = doctor("--json", *arguments, **environment)
    found: list[dict[str, str]] = json.loads(said)["findings"]
    return found


def levels(found: list[dict[str, str]]) -> dict[str, str]:
    return {each["code"]: each["level"] for each in found}
