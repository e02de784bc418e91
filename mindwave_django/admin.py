"""Conversations in Django's admin: to be read and deleted, never to be rewritten."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Substr
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mindwave_django.admin_base import ReadingAdmin, log_deletion
from mindwave_django.admin_usage import ProviderCallAdmin, UsageAdmin
from mindwave_django.erasure import count, erase_owner
from mindwave_django.messages import Role
from mindwave_django.models import ChatMessage, Conversation
from mindwave_django.owners import owner_names

__all__ = ["ChatMessageAdmin", "ConversationAdmin", "ProviderCallAdmin", "UsageAdmin"]

DIALOGUE_LENGTH = 200  # messages on the page of a conversation
EXCERPT_LENGTH = 60  # characters of a message in a list
TITLE_SHOWN = 24  # characters of a title beside it
EMPTY = "-"
OWNERS_SHOWN = 20  # on the page that asks whether to delete


class ConversationList(ChangeList):
    """Counts the messages of a page and names the owners, with two queries in all."""

    def get_results(self, request: HttpRequest) -> None:
        """Take the rows of a page."""
        own = ChatMessage.objects.filter(conversation=OuterRef("pk")).order_by()
        counted = own.values("conversation").values(number=Count("pk"))
        self.queryset = self.queryset.annotate(message_count=Coalesce(Subquery(counted), 0))
        super().get_results(request)
        names = owner_names({row.owner for row in self.result_list})
        for row in self.result_list:
            row.owner_name = names[row.owner]


class MessageList(ChangeList):
    """Leaves the texts where they are, but for their beginnings."""

    def get_results(self, request: HttpRequest) -> None:
        """Take the rows of a page."""
        self.queryset = self.queryset.defer("content", "reasoning", "options").annotate(
            excerpt=Substr("content", 1, EXCERPT_LENGTH)
        )
        super().get_results(request)
        for row in self.result_list:
            row.content = row.excerpt  # or `str`, which Django asks for, would load it


@admin.register(Conversation)
class ConversationAdmin(ReadingAdmin):
    """A conversation as the dialogue that it was."""

    list_display = ("title_column", "owner_column", "count_column", "updated_at")
    list_filter = ("updated_at", "created_at")
    date_hierarchy = "updated_at"
    search_fields = ("title", "=owner", "messages__content")
    fields = (("owner_column", "created_at", "updated_at"),)
    readonly_fields = ("owner_column",)
    actions = ("erase_owners",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return what fills the list."""
        return ConversationList

    @admin.display(description=_("title"), ordering="title")
    def title_column(self, conversation: Conversation) -> str:
        """Leave nothing without a link."""
        return conversation.title or str(conversation.pk)

    @admin.display(description=_("messages"))
    def count_column(self, conversation: Any) -> int:
        """Show how many messages there are, replaced ones too."""
        return int(conversation.message_count)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the dialogue to the page."""
        conversation: Conversation = context["original"]
        latest = conversation.messages.order_by("-position")[:DIALOGUE_LENGTH]
        context["dialogue"] = [(row, _plain(row.cost)) for row in reversed(latest)]
        context["earlier"] = conversation.messages.count() - len(context["dialogue"])
        return super().render_change_form(request, context, *args, **kwargs)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count the messages that go with a conversation; a list of them all would be endless."""
        found, *further = super().get_deleted_objects(objs, request)
        own: list[Any] = [*found]  # each is followed by a list of what goes with it
        return [item for item in own if not isinstance(item, list)], *further

    def has_erase_permission(self, request: HttpRequest) -> bool:
        """Let those erase who may delete conversations and messages."""
        deletes_messages = request.user.has_perm("mindwave_django.delete_chatmessage")
        return deletes_messages and self.has_delete_permission(request)

    @admin.action(permissions=["erase"], description=_("Delete all data of these owners"))
    def erase_owners(
        self, request: HttpRequest, queryset: QuerySet[Conversation]
    ) -> HttpResponse | None:
        """Delete everything of the owners of some conversations, after a question."""
        owners = sorted(set(queryset.order_by().values_list("owner", flat=True)))
        # Whoever was asked about other owners than these is asked again.
        fingerprint = hashlib.sha256("\n".join(owners).encode()).hexdigest()
        if request.POST.get("owners") != fingerprint:
            return self._ask(request, owners, fingerprint)
        for owner in owners:
            self._erase(request, owner)
        self.message_user(request, gettext("All data of these owners is deleted."))
        return None

    def _erase(self, request: HttpRequest, owner: str) -> None:
        amount = count(Conversation.objects.filter(owner=owner))
        said = gettext("All data; conversations: %(conversations)d, messages: %(messages)d.")
        log_deletion(request, Conversation, None, owner, said % amount._asdict())
        erase_owner(owner)

    def _ask(self, request: HttpRequest, owners: list[str], fingerprint: str) -> HttpResponse:
        if "owners" in request.POST:
            changed = gettext("The selection has changed meanwhile. Please look at it again.")
            self.message_user(request, changed, messages.WARNING)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Delete all data of these owners"),
            "opts": self.opts,
            "media": self.media,
            "amount": count(Conversation.objects.filter(owner__in=owners)),
            "owners": owners,
            "fingerprint": fingerprint,
            "names": list(owner_names(owners[:OWNERS_SHOWN]).items()),
            "not_shown": max(0, len(owners) - OWNERS_SHOWN),
            "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "select_across": request.POST.get("select_across", "0"),
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        template = "admin/mindwave_django/conversation/erase_owners.html"
        return TemplateResponse(request, template, context)


@admin.register(ChatMessage)
class ChatMessageAdmin(ReadingAdmin):
    """A message with all that is known about it."""

    list_display = (
        *("excerpt_column", "state_column", "model", "tokens_column", "cost_column"),
        *("created_at", "conversation_column"),
    )
    list_filter = ("role", "state", "model", "created_at")
    list_select_related = ("conversation",)
    search_fields = ("content", "=owner", "=response_id", "=trace_id")
    ordering = ("-created_at", "-position")

    readonly_fields = ("owner_column", "content_text", "reasoning_text", "cost_column")
    said: ClassVar = (
        "conversation",
        ("owner_column", "role", "state", "created_at"),
        "content_text",
        ("position", "reply_to", "replaced_by"),
    )
    call: ClassVar = (
        "reasoning_text",
        ("model", "driver", "options"),
        ("finish_reason", "error_code", "cancel_reason"),
    )
    usage: ClassVar = (
        ("input_tokens", "output_tokens", "cached_input_tokens", "reasoning_tokens"),
        ("usage_source", "cost_column"),
    )
    times: ClassVar = (
        ("started_at", "first_token_at", "ended_at"),
        ("response_id", "trace_id", "span_id"),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show of a question only what a question has."""
        said = (None, {"fields": self.said})
        if obj is not None and obj.role == Role.USER:
            return [said]
        return [
            said,
            (_("Call to the model"), {"fields": self.call}),
            (_("Usage"), {"fields": self.usage}),
            (_("Times and ids"), {"fields": self.times}),
        ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return what fills the list."""
        return MessageList

    @admin.display(description=_("content"))
    def excerpt_column(self, message: ChatMessage) -> str:
        """Show the beginning of the text."""
        return str(message)

    @admin.display(description=_("state"), ordering="state")
    def state_column(self, message: ChatMessage) -> str:
        """Show how an answer ended; a question does not end."""
        return gettext("question") if message.role == Role.USER else message.get_state_display()

    @admin.display(description=_("conversation"), ordering="conversation__title")
    def conversation_column(self, message: ChatMessage) -> str:
        """Lead to the place of the message in its dialogue."""
        url = self.url("conversation_change", message.conversation_id)
        title = Truncator(message.conversation.title).chars(TITLE_SHOWN)
        return format_html('<a href="{}#message-{}">{}</a>', url, message.pk, title)

    @admin.display(description=_("tokens"))
    def tokens_column(self, message: ChatMessage) -> str:
        """Show what went in and what came out."""
        numbers = (message.input_tokens, message.output_tokens)
        if numbers == (None, None):
            return EMPTY
        return " / ".join("?" if number is None else str(number) for number in numbers)

    @admin.display(description=_("cost"), ordering="cost")
    def cost_column(self, message: ChatMessage) -> str:
        """Show the cost without the zeros at its end."""
        return _plain(message.cost) or EMPTY

    @admin.display(description=_("content"))
    def content_text(self, message: ChatMessage) -> str:
        """Show the text as it was written."""
        return _as_written(message.content)

    @admin.display(description=_("reasoning"))
    def reasoning_text(self, message: ChatMessage) -> str:
        """Show the reasoning as it was written."""
        return _as_written(message.reasoning)


def _as_written(text: str) -> str:
    return format_html('<div class="mindwave-text" dir="auto">{}</div>', text) if text else EMPTY


def _plain(cost: Decimal | None) -> str:
    return "" if cost is None else format(cost.normalize(), "f")
