"""`manage.py mindwave_usage`: the figures in the terminal."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from unittest import mock

from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import TestCase, tag
from django.utils import translation

from mindwave_django.usage.days import DAY
from tests.programs import manage
from tests.usage.calls import call

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
TODAY = NOON.date()


def usage(*arguments: str) -> str:
    out = StringIO()
    call_command("mindwave_usage", *arguments, stdout=out)
    return out.getvalue()


class UsageTests(TestCase):
    def setUp(self) -> None:
        clock = mock.patch("django.utils.timezone.now", return_value=NOON)
        clock.start()
        self.addCleanup(clock.stop)

    def calls(self) -> None:
        known = {"input_tokens": 1000, "output_tokens": 500, "time_to_first_token": 0.52}
        call(TODAY, cost=Decimal("0.0016"), **known)
        call(TODAY - 6 * DAY, cost=Decimal("12.5"), model="large", owner="u:77", **known)
        call(TODAY - DAY, cost=Decimal("0.0004"), **known)
        call(TODAY - DAY, outcome="failed", driver="local")
        call(TODAY - DAY, outcome="cancelled", owner="", model="mystery")
        call(TODAY - 7 * DAY, cost=Decimal(99))

    def test_by_model(self) -> None:
        self.calls()
        # Half a second is read from a bucket: a little less or more.
        assert usage() == (
            "2026-11-19 to 2026-11-25, UTC\n"
            "\n"
            "model    calls  failed  cancelled  tokens in  tokens out       cost"
            "  first token p50     p95\n"
            "large        1       0          0      1,000         500     $12.50"
            "           0.55 s  0.59 s\n"
            "small        3       1          0      2,000       1,000  ≥ $0.0020"
            "           0.55 s  0.59 s\n"
            "mystery      1       0          1          ?           ?          ?"
            "                -       -\n"
            "\n"
            "total        5       1          1      3,000       1,500   ≥ $12.50"
            "           0.55 s  0.59 s\n"
            "\n"
            "Calls: 2 of unknown cost, 2 of unknown tokens.\n"
        )

    def first_column(self, *arguments: str) -> list[str]:
        return [line.split("  ")[0] for line in usage(*arguments).splitlines()[3:] if line][:-1]

    def test_by_others(self) -> None:
        self.calls()
        user = get_user_model().objects.create_user("ann", pk=77)
        assert str(user) == "ann"
        assert self.first_column("--by", "day") == [
            *("2026-11-19", "2026-11-24", "2026-11-25", "total"),
        ]
        assert self.first_column("--by", "user") == ["ann", "u:1", "nobody, or erased", "total"]
        assert self.first_column("--by", "driver") == ["default", "local", "total"]

    def test_since(self) -> None:
        self.calls()
        for since, number in (("1d", 1), ("2d", 4), ("4w", 6), ("2026-11-19", 5)):
            said = json.loads(usage("--since", since, "--format", "json"))
            assert said["total"]["calls"] == number, since

    def test_rebuild(self) -> None:
        usage()
        call(TODAY - 3 * DAY)  # written into a day that is over
        assert json.loads(usage("--format=json"))["total"]["calls"] == 0
        assert json.loads(usage("--format=json", "--rebuild"))["total"]["calls"] == 1

    def test_no_calls(self) -> None:
        assert usage() == "2026-11-19 to 2026-11-25, UTC\n\nNo calls.\n"
        assert usage("--format", "csv").count("\n") == 1
        assert json.loads(usage("--format", "json"))["groups"] == []

    def test_json(self) -> None:
        self.calls()
        said = json.loads(usage("--format", "json"))
        assert (said["since"], said["until"]) == ("2026-11-19", "2026-11-25")
        assert (said["time_zone"], said["by"]) == ("UTC", "model")
        large, small, mystery = said["groups"]
        assert 0.5 < large.pop("time_to_first_token_p50") < 0.6
        assert 0.5 < large.pop("time_to_first_token_p95") < 0.6
        assert large == {
            "model": "large",
            "calls": 1,
            "completed": 1,
            "failed": 0,
            "cancelled": 0,
            "input_tokens": 1000,
            "output_tokens": 500,
            "cached_input_tokens": 0,
            "reasoning_tokens": 0,
            "calls_of_unknown_tokens": 0,
            "cost": "12.5",
            "calls_of_unknown_cost": 0,
        }
        assert (small["cost"], small["calls_of_unknown_cost"]) == ("0.002", 1)
        assert (mystery["cost"], mystery["input_tokens"]) == (None, None)
        assert mystery["time_to_first_token_p50"] is None

    def test_csv(self) -> None:
        self.calls()
        rows = list(csv.DictReader(StringIO(usage("--format", "csv", "--by", "user"))))
        assert [row["user"] for row in rows] == ["u:77", "u:1", ""]
        assert [row["cost"] for row in rows] == ["12.5", "0.002", ""]

    def test_names_that_a_terminal_or_a_spreadsheet_would_obey(self) -> None:
        call(TODAY, model="\x1b[31mred\nsecond")
        call(TODAY, model="=1+1")
        assert "\x1b" not in usage()
        assert "�[31mred second" in usage()
        assert "\n'=1+1," in usage("--format", "csv")

    def test_languages_of_the_site_do_not_matter(self) -> None:
        call(TODAY, owner="", input_tokens=12345)
        said = usage("--by", "user")
        with translation.override("de"):
            assert usage("--by", "user") == said
        assert "nobody, or erased" in said
        assert "12,345" in said

    @tag("machine")
    def test_exit_status(self) -> None:
        done = manage("mindwave_usage", "--format", "json", "--since", "soon")
        assert done.returncode == 1
        assert "Traceback" not in done.stderr

    def test_other_times(self) -> None:
        for since in ("soon", "0d", "367d", "2020-01-01", "2026-12-01", ""):
            with self.subTest(since), self.assertRaises(CommandError) as caught:
                usage(f"--since={since}")
            assert str(caught.exception) == (
                "--since should be a number of days or weeks such as 7d or 4w, or a date such as "
                f"2026-11-01, at most 366 days ago; got {since!r}."
            )
