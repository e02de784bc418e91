"""The checklist names things that exist, and its alerts read what is measured."""

from __future__ import annotations

import re
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from django.test import SimpleTestCase, TestCase, override_settings, tag
from opentelemetry.sdk.metrics.export import Histogram, Sum

from mindwave_django import exceptions
from mindwave_django.events import Outcome
from mindwave_django.exceptions import ProviderUnavailable
from mindwave_django.testing import fake_driver, parse_events
from tests.operations.sources import CODE
from tests.pages import rows, sample, section, text_of_page
from tests.support.processes import require
from tests.usage.tracing import collecting

PAGE = "checklist.md"
ITEM = re.compile(
    r"^(\d+)\. \*\*([^*]+)\.\*\* (.+?)\n\n +\*Verified by\* (.+?)\.\n\n",
    re.MULTILINE | re.DOTALL,
)
ITEMS = [
    *("Slow networks", "Proxy buffering", "Timeouts", "Reconnection", "Rate limits"),
    *("Monitoring", "Bad prompts, failures of the provider", "HTTPS"),
    *("Concurrent streams of one person", "CORS", "Logging", "Mobile browsers", "Alerts"),
    *("Expected latency and token rates", "Graceful degradation"),
]
SUFFIXES = {"s": "_seconds"}  # of units; those in braces have none


class ListTests(SimpleTestCase):
    def test_fifteen_items(self) -> None:
        found = ITEM.findall(text_of_page(PAGE))
        assert [name for _, name, _, _ in found] == ITEMS
        assert [int(number) for number, *_ in found] == list(range(1, 16))

    def test_items_are_verified_by_what_exists(self) -> None:
        checks = rows(text_of_page("checks.md")).keys()
        codes = rows(section("troubleshooting.md", "What the doctor says")).keys()
        for _, name, _, verified in ITEM.findall(text_of_page(PAGE)):
            with self.subTest(name):
                named = re.findall(r"`([^`]+)`", verified)
                assert named
                for each in named:
                    self.assert_exists(each, checks | codes)

    def assert_exists(self, name: str, known: set[str]) -> None:
        if name.startswith("tests."):
            assert find_spec(name), name
        else:
            assert name in known, name

    def test_codes_stand_behind_the_word(self) -> None:
        for _, name, _, verified in ITEM.findall(text_of_page(PAGE)):
            told = re.sub(r"doctor [^;]*", "", verified)
            codes = [each for each in re.findall(r"`([^`]+)`", told) if CODE.fullmatch(each)]
            assert not codes, (name, codes)


class Series:
    """What Prometheus has of our metrics: names of series, each with its labels."""

    def __init__(self, metrics: list[Any]) -> None:
        self.labels: dict[str, set[str]] = {}
        for metric in metrics:
            labels = {key for point in metric.data.data_points for key in point.attributes}
            self.labels[self.name(metric)] = {label.replace(".", "_") for label in labels}

    def name(self, metric: Any) -> str:
        """Translate a name as the specification of OpenTelemetry has it."""
        name = metric.name.replace(".", "_") + SUFFIXES.get(metric.unit, "")
        if isinstance(metric.data, Histogram):
            return f"{name}_bucket"
        is_counter = isinstance(metric.data, Sum) and metric.data.is_monotonic
        return f"{name}_total" if is_counter else name


@override_settings(MINDWAVE={"CHAT": {"ACCESS": "mindwave_django.access.anyone"}})
class AlertTests(TestCase):
    def setUp(self) -> None:
        [group] = yaml.safe_load(sample(PAGE, "groups:", "yaml").code)["groups"]
        self.rules: list[dict[str, Any]] = group["rules"]

    def measured(self) -> Series:
        """Return what there is after an answer, a failure, a resume and a refusal."""
        address = "/mindwave/stream/?prompt=Hello&max_tokens=3"
        with collecting() as collected:
            body = self.client.get(address).getvalue()  # from the demo, token by token
            position = parse_events(body)[1].id
            self.client.get(address, headers={"Last-Event-ID": position}).getvalue()
            with fake_driver(ProviderUnavailable()):
                self.client.get(address).getvalue()
            self.client.get("/mindwave/stream/")
            return Series(collected.metrics)

    def test_rules_read_what_is_measured(self) -> None:
        labels = self.measured().labels
        for rule in self.rules:
            with self.subTest(rule["alert"]):
                named = re.findall(r"\b(?:gen_ai_client|mindwave)_\w+(?=[\[{)])", rule["expr"])
                assert named
                assert set(named) <= labels.keys()
                known = {"le"}.union(*(labels[name] for name in named))
                used = re.findall(r"(\w+)=~?\"", rule["expr"])
                for grouping in re.findall(r"by \(([^)]*)\)", rule["expr"]):
                    used += grouping.split(", ")
                used += re.findall(r"\$labels\.(\w+)", str(rule["annotations"]))
                assert set(used) <= known

    def test_rules_ask_for_values_that_exist(self) -> None:
        codes = {getattr(error, "code", "") for error in vars(exceptions).values()}
        known = codes | set(map(str, Outcome))
        values = [
            value
            for rule in self.rules
            for found in re.findall(r"\w+=~?\"([^\"]+)\"", rule["expr"])
            for value in found.split("|")
        ]
        assert len(values) > 4
        assert set(values) <= known

    def test_every_rule_is_explained(self) -> None:
        explained = rows(section(PAGE, "Alerts"))
        assert [rule["alert"] for rule in self.rules] == list(explained)
        assert all(rule["annotations"]["summary"] for rule in self.rules)

    @tag("machine")
    def test_prometheus_takes_them(self) -> None:
        promtool = require("promtool", "apt-get install prometheus")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rules.yaml"
            path.write_text(sample(PAGE, "groups:", "yaml").code)
            command = [promtool, "check", "rules", path]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{len(self.rules)} rules found" in done.stdout
