"""The ledger in Django's admin, and the page that shows what was used and what it cost."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mindwave_django.admin_base import ReadingAdmin
from mindwave_django.models import DailyUsage, ProviderCall
from mindwave_django.owners import owner_names
from mindwave_django.usage import words
from mindwave_django.usage.days import last_days
from mindwave_django.usage.export import CSVResponse, csv_lines
from mindwave_django.usage.forms import PRESETS, UsageForm
from mindwave_django.usage.page import Page
from mindwave_django.usage.report import Report
from mindwave_django.usage.tables import Tables

PERMISSION = "mindwave_django.view_providercall"


class CallList(ChangeList):
    """Names the owners of a page with one query."""

    def get_results(self, request: HttpRequest) -> None:
        """Take the rows of a page."""
        super().get_results(request)
        names = owner_names({row.owner for row in self.result_list})
        for row in self.result_list:
            row.owner_name = names[row.owner] or words.NOTHING


@admin.register(ProviderCall)
class ProviderCallAdmin(ReadingAdmin):
    """The ledger: nobody adds, changes or deletes a line."""

    list_display = (
        *("ended_at", "model", "driver", "owner_column", "outcome_column"),
        *("tokens_column", "cost_column", "time_column"),
    )
    list_filter = ("outcome", "driver", "ended_at")
    search_fields = ("=owner", "=trace_id", "=model")
    readonly_fields = ("owner_column",)
    fields = (
        *(("owner_column", "provider", "driver", "model"), ("outcome", "error_code")),
        ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens"),
        *(("usage_source", "cost"), ("started_at", "ended_at", "time_to_first_token"), "trace_id"),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody take a line out of the ledger."""
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return what fills the list."""
        return CallList

    @admin.display(description=_("outcome"), ordering="outcome")
    def outcome_column(self, call: ProviderCall) -> str:
        """Show how it ended, and why."""
        return f"{call.get_outcome_display()}{': ' if call.error_code else ''}{call.error_code}"

    @admin.display(description=_("tokens"))
    def tokens_column(self, call: ProviderCall) -> str:
        """Show what went in and what came out."""
        numbers = (call.input_tokens, call.output_tokens)
        return " / ".join(words.UNKNOWN if n is None else words.number(n) for n in numbers)

    @admin.display(description=_("cost"), ordering="cost")
    def cost_column(self, call: ProviderCall) -> str:
        """Show what it cost, as far as anybody knows."""
        return words.UNKNOWN if call.cost is None else words.amount(call.cost)

    @admin.display(description=_("first token"), ordering="time_to_first_token")
    def time_column(self, call: ProviderCall) -> str:
        """Show how long the first token took."""
        return words.seconds(call.time_to_first_token)


@admin.register(DailyUsage)
class UsageAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The usage page, in the place of a list of sums."""

    class Media:
        css = {"all": ["mindwave_django/usage.css"]}

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the page to those who may see the calls."""
        return request.user.has_perm(PERMISSION)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those look who may see the calls."""
        return request.user.has_perm(PERMISSION)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let nobody invent sums."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody change sums."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody delete sums."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Have the page and its export; there are no pages of rows."""
        view = self.admin_site.admin_view
        return [
            path("", view(self.changelist_view), name="mindwave_django_dailyusage_changelist"),
            path("usage.csv", view(self.export_view), name="mindwave_django_usage_csv"),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page."""
        form, report = self._report(request)
        query = _query(form)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Usage"),
            "opts": self.opts,
            "media": self.media,
            "form": form,
            "page": Page(report),
            "tables": Tables(report, query).all(),
            "presets": _presets(form, query),
            "choices": [_choices(form, report, field) for field in ("model", "driver")],
            "zone": timezone.get_default_timezone_name(),
            "export": f"{self._url('usage_csv')}?{urlencode(query)}",
            "calls_url": self._url("providercall_changelist"),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/mindwave_django/usage/page.html", context)

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Send the figures of the page by day, model, driver and user."""
        form, report = self._report(request)
        period = form.period
        filename = f"usage-{period.first}-{period.last}.csv"
        return CSVResponse(csv_lines(report), filename)  # type: ignore[return-value]

    def _report(self, request: HttpRequest) -> tuple[UsageForm, Report]:
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = UsageForm(request.GET)
        form.is_valid()
        return form, Report(form.period, form.chosen)

    def _url(self, page: str) -> str:
        return reverse(f"admin:mindwave_django_{page}", current_app=self.admin_site.name)


def _choices(form: UsageForm, report: Report, field: str) -> tuple[str, Any, str, list[str]]:
    """Return name, label, value and choices of a filter."""
    chosen = form.chosen.fields().get(field, "")
    sums = DailyUsage.objects.order_by().values_list(field, flat=True).distinct()
    known = {*sums, *report.by(field), chosen}  # today's are not summed up yet
    return field, form.fields[field].label, chosen, sorted(known - {""})


def _query(form: UsageForm) -> dict[str, str]:
    """Return what leads to the same page again."""
    period = form.period
    days = next((n for n in PRESETS if last_days(n) == period), None)
    dates = {"since": str(period.first), "until": str(period.last)}
    owner = {} if form.chosen.owner is None else {"user": form.chosen.owner}
    filters = {n: v for n, v in form.chosen.fields().items() if n != "owner"}
    return (dates if days is None else {"days": str(days)}) | filters | owner


def _presets(form: UsageForm, query: dict[str, str]) -> list[tuple[int, str, bool]]:
    """Return the usual numbers of days, where they lead, and whether they are shown."""
    others = {name: value for name, value in query.items() if name not in {"since", "until"}}
    return [
        (days, "?" + urlencode(others | {"days": str(days)}), form.period == last_days(days))
        for days in PRESETS
    ]
