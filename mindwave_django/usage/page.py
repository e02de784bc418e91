"""What the usage page shows above its tables: cards and charts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mindwave_django.usage import charts, words
from mindwave_django.usage.charts import Chart, Column, Series
from mindwave_django.usage.figures import Total
from mindwave_django.usage.latency import MEDIAN, SLOW, Counts, added, percentile
from mindwave_django.usage.report import Report


class Card(NamedTuple):
    """A figure that counts."""

    label: str
    value: str
    notes: list[str]
    title: str = ""


class Page:
    """Puts a report into words and shapes, in the language of the moment."""

    def __init__(self, report: Report) -> None:
        self._days = list(report.period)
        self._names = [date_format(day) for day in self._days]
        self._by_day: dict[date, Total] = report.by("day")
        self._times: dict[date, Counts] = report.latencies("day")
        self.total = report.total

    def cards(self) -> list[Card]:
        """Return the figures of the whole period."""
        total = self.total
        return (
            [self._cost_card(), self._calls_card(), *self._tokens_cards(), self._times_card()]
            if total.calls
            else []
        )

    def charts(self) -> list[Chart]:
        """Return what happened on each day."""
        return [self._cost(), self._calls(), self._tokens(), self._first_token()]

    def _cost_card(self) -> Card:
        total = self.total
        notes = []
        if total.unknown_cost:
            number = words.number(total.unknown_cost)
            notes.append(_("calls of unknown cost: %(number)s") % {"number": number})
        if known := total.calls - total.unknown_cost:
            mean = words.amount(total.cost / known)
            notes.append(_("%(amount)s a call") % {"amount": mean})
        if not total.unknown_cost or not known:
            return Card(_("Cost"), words.cost(total), notes)
        return Card(_("Cost, at least"), words.amount(total.cost), notes)

    def _calls_card(self) -> Card:
        total = self.total
        notes = [_("failed: %(number)s") % {"number": self._part(total.failed)}]
        notes.append(_("cancelled: %(number)s") % {"number": self._part(total.cancelled)})
        return Card(_("Calls"), words.number(total.calls), notes)

    def _part(self, number: int) -> str:
        return f"{words.number(number)} ({words.share(number, self.total.calls)})"

    def _tokens_cards(self) -> list[Card]:
        total = self.total
        cached = _("cached: %(share)s") % {
            "share": words.share(total.cached_input_tokens, total.input_tokens)
        }
        reasoning = _("reasoning: %(share)s") % {
            "share": words.share(total.reasoning_tokens, total.output_tokens)
        }
        kinds = (
            (_("Tokens in"), total.input_tokens, cached),
            (_("Tokens out"), total.output_tokens, reasoning),
        )
        unknown = []
        if total.unknown_tokens:
            number = words.number(total.unknown_tokens)
            unknown = [_("calls of unknown usage: %(number)s") % {"number": number}]
        return [
            Card(label, words.compact(number), [note, *unknown], words.number(number))
            for label, number, note in kinds
        ]

    def _times_card(self) -> Card:
        counts = added(self._times.values())
        median, slow = (words.seconds(percentile(counts, share)) for share in (MEDIAN, SLOW))
        return Card(_("First token, p50"), median, [f"p95: {slow}"])

    def _totals(self) -> list[Total]:
        return [self._by_day.get(day, Total()) for day in self._days]

    def _cost(self) -> Chart:
        totals = self._totals()
        series = [Series("cost", _("Cost"), [float(total.cost) for total in totals])]

        def said(day: int) -> str:
            total = totals[day]
            return words.cost(total) if total.calls else words.amount(Decimal(0))

        return self._stacked("cost", _("Cost per day"), series, said, words.scale_amount)

    def _calls(self) -> Chart:
        totals = self._totals()
        series = [
            Series(name, words.outcome(name), [getattr(total, name) for total in totals])
            for name in ("completed", "cancelled", "failed")
        ]
        said = _listed(series, lambda value: words.number(int(value)))
        return self._stacked("calls", _("Calls per day"), series, said, words.compact)

    def _tokens(self) -> Chart:
        totals = self._totals()
        series = [
            Series("input", _("Tokens in"), [total.input_tokens for total in totals]),
            Series("output", _("Tokens out"), [total.output_tokens for total in totals]),
        ]
        said = _listed(series, lambda value: words.number(int(value)))
        return self._stacked("tokens", _("Tokens per day"), series, said, words.compact)

    def _stacked(
        self,
        key: str,
        title: str,
        series: list[Series],
        said: Callable[[int], str],
        label: Callable[[float], str],
    ) -> Chart:
        top = charts.highest(series, stacked=True)
        shapes = charts.bars(series, top)
        ticks = charts.ticks(top, label)
        return self._chart(key, title, series, said, kind="bars", shapes=shapes, ticks=ticks)

    def _first_token(self) -> Chart:
        series = [
            Series(name, label, [percentile(self._times.get(day, {}), share) for day in self._days])
            for name, label, share in (
                ("slow", "p95", SLOW),
                ("median", "p50", MEDIAN),
            )
        ]
        top = charts.highest(series, stacked=False)
        return self._chart(
            "times",
            _("Time to first token"),
            series,
            _listed(series, words.seconds),
            kind="lines",
            shapes=charts.lines(series, top),
            ticks=charts.ticks(top, lambda value: f"{words.compact(value)} s"),
        )

    def _chart(
        self, key: str, title: str, series: list[Series], said: Callable[[int], str], **shapes: Any
    ) -> Chart:
        columns = [
            Column(number * charts.COLUMN, f"{name}: {said(number)}")
            for number, name in enumerate(self._names)
        ]
        days = [date_format(day, "MONTH_DAY_FORMAT") for day in charts.spread(self._days)]
        width = len(self._days) * charts.COLUMN
        description = _("From %(first)s to %(last)s. The table by day has the figures.") % {
            "first": self._names[0],
            "last": self._names[-1],
        }
        return Chart(
            key,
            title,
            description,
            series,
            columns=columns,
            days=days,
            width=width,
            **shapes,
        )


def _listed(series: list[Series], word: Callable[[Any], str]) -> Callable[[int], str]:
    """Return what says the values of a day, one after the other."""
    return lambda day: ", ".join(f"{one.label} {word(one.values[day])}" for one in series)
