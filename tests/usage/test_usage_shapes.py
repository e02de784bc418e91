"""Figures in words, and charts as paths."""

from __future__ import annotations

from decimal import Decimal

from django.test import SimpleTestCase

from mindwave_django.usage import charts, words
from mindwave_django.usage.charts import Series
from mindwave_django.usage.figures import Total


class WordsTests(SimpleTestCase):
    def test_amounts(self) -> None:
        for value, said in (
            ("0", "$0.00"),
            ("0.0016", "$0.0016"),
            ("0.00001", "< $0.0001"),
            ("1.234", "$1.23"),
            ("12345.678", "$12,345.68"),
        ):
            assert words.amount(Decimal(value)) == said

    def test_costs(self) -> None:
        known, some = (
            Total(calls=2, cost=Decimal(1)),
            Total(calls=2, cost=Decimal(1), unknown_cost=1),
        )
        none = Total(calls=2, unknown_cost=2)
        assert [words.cost(t) for t in (known, some, none)] == ["$1.00", "at least $1.00", "?"]
        assert [words.short_cost(t) for t in (known, some, none)] == ["$1.00", "≥ $1.00", "?"]

    def test_short_numbers(self) -> None:
        for value, said in (
            *((0, "0"), (999, "999"), (0.5, "0.5"), (1234, "1.23k"), (12_345, "12.3k")),
            *((123_456, "123k"), (1_000_000, "1.00M"), (2_500_000_000, "2.50G")),
        ):
            assert words.compact(value) == said

    def test_scales(self) -> None:
        for value, said in (
            (0, "$0"),
            (0.002, "$0.002"),
            (2.5, "$2.5"),
            (15, "$15"),
            (2000, "$2.00k"),
        ):
            assert words.scale_amount(value) == said


class ShapeTests(SimpleTestCase):
    def test_bars_are_stacked(self) -> None:
        series = [Series("a", "A", [1, 0]), Series("b", "B", [3, 2])]
        assert charts.bars(series, 4) == [
            ("a", "M1 75h8v25h-8z"),
            ("b", "M1 0h8v75h-8zM11 50h8v50h-8z"),
        ]

    def test_bars_of_a_year_have_no_gaps(self) -> None:
        [shape] = charts.bars([Series("a", "A", [1] * 365)], 1)
        assert shape.path.startswith("M0 0h10v100h-10zM10 0h10")

    def test_lines_break_where_nothing_is_known(self) -> None:
        series = [Series("a", "A", [1, 2, None, 4, None])]
        assert charts.lines(series, 4) == [("a", "M5 75L15 50M32.5 0L37.5 0")]

    def test_scales_end_in_round_numbers(self) -> None:
        for value, top in (
            (0.7, 0.8),
            (1, 1),
            (1.01, 2),
            (7.5, 8),
            (9, 10),
            (101, 200),
            (450, 500),
        ):
            assert abs(charts.round_up(value) - top) < 1e-9
        assert charts.highest([Series("a", "A", [None, 0])], stacked=True) == 1
