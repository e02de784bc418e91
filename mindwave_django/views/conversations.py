"""The conversations of a person: list, read, rename, delete."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.dateparse import parse_datetime

from mindwave_django.access import acaller
from mindwave_django.events import CancelReason
from mindwave_django.exceptions import InvalidRequest, NotFound
from mindwave_django.forms import TitleForm
from mindwave_django.models import LIVE, ChatMessage, Conversation
from mindwave_django.recorder import interrupt_stale
from mindwave_django.representation import conversation_json, message_json, url
from mindwave_django.streaming.log import current_log
from mindwave_django.views.base import View, api_view, read_form
from mindwave_django.views.pages import conversation_page, wants_page

CONVERSATIONS_PER_PAGE = 30
MESSAGES_PER_PAGE = 100
NO_STORE = {"Cache-Control": "no-store"}


@api_view("GET")
async def conversations(request: HttpRequest) -> HttpResponseBase:
    """List the caller's conversations, the one that was used last first, in pages."""
    who = await acaller(request)
    found = _owned(who.owner)
    if before := request.GET.get("before"):
        found = found.filter(_comes_after(before))
    page = [each async for each in found[: CONVERSATIONS_PER_PAGE + 1]]
    shown, more = page[:CONVERSATIONS_PER_PAGE], len(page) > CONVERSATIONS_PER_PAGE
    following = url(request, "conversations") + f"?before={_cursor(shown[-1])}" if more else None
    content = {"conversations": list(map(conversation_json, shown)), "next": following}
    return JsonResponse(content, headers=NO_STORE)


@api_view("GET", "PATCH", "DELETE", pages=True)
async def conversation(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Show one conversation with its latest messages, rename it, or delete it.

    `before`, the position of a message, shows the messages before that one.
    """
    who = await acaller(request)
    found = await _owned(who.owner).filter(pk=pk).afirst()
    if found is None:
        raise NotFound("No such conversation, or somebody else's.")
    return await _METHODS[request.method or "GET"](request, found)


async def _show(request: HttpRequest, found: Conversation) -> HttpResponseBase:
    messages, earlier = await sync_to_async(_messages)(found, request.GET.get("before"))
    if wants_page(request):
        return await conversation_page(request, found, messages)
    more = f"{url(request, 'conversation', pk=found.pk)}?before={earlier}"
    content = conversation_json(found) | {
        "messages": [message_json(request, message) for message in messages],
        "earlier": None if earlier is None else more,
    }
    return JsonResponse(content, headers=NO_STORE)


async def _rename(request: HttpRequest, found: Conversation) -> HttpResponseBase:
    found.title = read_form(TitleForm, request).cleaned_data["title"]
    await found.asave(update_fields=["title"])
    return JsonResponse(conversation_json(found), headers=NO_STORE)


async def _delete(request: HttpRequest, found: Conversation) -> HttpResponseBase:
    live = [each async for each in found.messages.filter(state__in=LIVE)]
    await found.adelete()
    for message in live:  # a writer in another process finds its row gone
        await current_log().cancel(message.stream_id, CancelReason.USER)
    return HttpResponse(status=204, headers=NO_STORE)


_METHODS: dict[str, View] = {"GET": _show, "PATCH": _rename, "DELETE": _delete}


def _owned(owner: str) -> QuerySet[Conversation]:
    return Conversation.objects.filter(owner=owner) if owner else Conversation.objects.none()


def _messages(found: Conversation, before: str | None) -> tuple[list[ChatMessage], int | None]:
    """Return the latest messages that count, oldest first, and before which there are more."""
    interrupt_stale(found.messages.filter(state__in=LIVE))
    rows = found.messages.filter(replaced_by=None).order_by("-position")
    if before is not None:
        if not (before.isascii() and before.isdecimal() and len(before) < 10):
            raise InvalidRequest(
                fields={"before": [f"A position is a number, got {before[:20]!r}."]}
            )
        rows = rows.filter(position__lt=int(before))
    page = list(rows[: MESSAGES_PER_PAGE + 1])
    shown = page[:MESSAGES_PER_PAGE][::-1]
    return shown, shown[0].position if len(page) > MESSAGES_PER_PAGE else None


def _cursor(last: Conversation) -> str:
    return f"{last.updated_at.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}_{last.pk}"


def _comes_after(cursor: str) -> Q:
    moment, pk = _parse_cursor(cursor)
    return Q(updated_at__lt=moment) | Q(updated_at=moment, pk__lt=pk)


def _parse_cursor(cursor: str) -> tuple[datetime, UUID]:
    moment, _, pk = cursor.partition("_")
    try:
        found = parse_datetime(moment)
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC), UUID(pk)
    except (ValueError, OverflowError):  # the latter at the ends of the calendar
        pass
    raise InvalidRequest(fields={"before": ["This is no place in the list; ask for `next`."]})
