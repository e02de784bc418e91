"""What the admins of conversations and messages share: they are for reading."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from mindwave_django.owners import owner_names, owners_called


class ReadingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Lets people look and delete."""

    show_full_result_count = False
    list_per_page = 50

    class Media:
        css: ClassVar = {"all": ["mindwave_django/admin.css"]}

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let nobody invent what was said."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let nobody rewrite what was said."""
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by an id as well, such as logs name, and by the name of a user."""
        try:
            return queryset.filter(pk=UUID(search_term.strip())), False
        except ValueError:
            found, duplicates = super().get_search_results(request, queryset, search_term)
        if owners := owners_called(search_term):
            found |= queryset.filter(owner__in=owners)
        return found, duplicates

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:  # type: ignore[override]
        """Note ids where Django would note titles and texts, which are to be gone."""
        for row in queryset:
            log_deletion(request, type(row), row.pk, str(row.pk))

    def url(self, page: str, *args: Any) -> str:
        """Return the path of another page of this admin."""
        name = f"admin:mindwave_django_{page}"
        return reverse(name, args=args, current_app=self.admin_site.name)

    @admin.display(description=_("owner"), ordering="owner")
    def owner_column(self, row: Any) -> str:
        """Show who that is, and lead to what else is theirs."""
        name = getattr(row, "owner_name", None)
        if name is None:  # on a page of its own there is room for both
            name = owner_names([row.owner])[row.owner]
            name = name if name == row.owner else f"{name} ({row.owner})"
        url = self.url("conversation_changelist")
        return format_html('<a href="{}?{}">{}</a>', url, urlencode({"owner": row.owner}), name)


def log_deletion(request: HttpRequest, model: Any, pk: Any, name: str, message: str = "") -> None:
    """Write a line into the admin's log."""
    LogEntry.objects.create(
        user_id=str(request.user.pk),
        content_type=ContentType.objects.get_for_model(model),
        object_id=pk,
        object_repr=name[:200],
        action_flag=DELETION,
        change_message=message,
    )
