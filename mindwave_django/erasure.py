"""Deleting conversations for good: a person's, and those that nobody has used for long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.db import connections, router, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from mindwave_django.access import user_owner
from mindwave_django.models import LIVE, ChatMessage, Conversation, MessageState
from mindwave_django.recorder import is_overdue, is_stale
from mindwave_django.usage.rollup import forget_owner

BATCH_SIZE = 200  # conversations of one transaction
MAX_BATCH_SIZE = 500  # SQLite takes few parameters in one query


class Deleted(NamedTuple):
    """How much was deleted."""

    conversations: int
    messages: int


def erase_user(user: Any) -> Deleted:
    """Delete every conversation of a user, for instance before the user is deleted."""
    return erase_owner(user_owner(user))


def erase_owner(owner: str) -> Deleted:
    """Delete every conversation of an owner: `u:<primary key>` or `s:<token of a session>`.

    The ledger keeps what their calls used and cost, and forgets whose they were.

    Answers being written go too: their writers find no row at the next checkpoint, and stop.
    """
    if not owner:
        raise ValueError("An owner should be u:<primary key> or s:<token>, got ''.")
    deleted = total(delete_in_batches(Conversation.objects.filter(owner=owner)))
    forget_owner(owner)
    return deleted


def unused_for(conversations: QuerySet[Conversation], age: timedelta) -> QuerySet[Conversation]:
    """Return those in which nothing was asked for `age`, by the database's clock."""
    return conversations.filter(updated_at__lt=Now() - age)


def without_live_answer(conversations: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """Leave those out in which an answer is being written, or waits for its reader.

    One whose writer died, or to which nobody came in time, is neither.
    """
    awaited = Q(state=MessageState.PENDING) & ~Q(is_overdue())
    written = Q(state=MessageState.STREAMING) & ~Q(is_stale())
    # Two conditions on the state: the first is that of the index.
    live = ChatMessage.objects.filter(awaited | written, state__in=LIVE)
    return conversations.exclude(Exists(live.filter(conversation=OuterRef("pk"))))


def count(conversations: QuerySet[Conversation]) -> Deleted:
    """Return how much would be deleted."""
    messages = ChatMessage.objects.filter(conversation__in=conversations.order_by())
    return Deleted(conversations.count(), messages.count())


def total(batches: Iterable[Deleted]) -> Deleted:
    """Return the sum of all."""
    conversations = messages = 0
    for batch in batches:
        conversations += batch.conversations
        messages += batch.messages
    return Deleted(conversations, messages)


def delete_in_batches(
    conversations: QuerySet[Conversation], size: int = BATCH_SIZE
) -> Iterator[Deleted]:
    """Delete what the query finds, the oldest first; each step is a transaction of its own."""
    found = conversations.using(router.db_for_write(Conversation)).order_by("updated_at")
    pks = found.values_list("pk", flat=True)[:size]
    while batch := list(pks.all()):
        yield _delete(found.filter(pk__in=batch))


def _delete(batch: QuerySet[Conversation]) -> Deleted:
    with transaction.atomic(using=batch.db):
        _lock(batch)
        # Looks again which are left. Keys are loaded, but no texts; and `delete` sees to rows of
        # other apps that point to these.
        _, rows = batch.only("pk").delete()
    return Deleted(rows.get(Conversation._meta.label, 0), rows.get(ChatMessage._meta.label, 0))


def _lock(batch: QuerySet[Conversation]) -> None:
    """Let nobody ask anything in these conversations until the transaction ends."""
    if connections[batch.db].features.has_select_for_update:
        # In one order, so that two of us never wait for each other.
        list(batch.order_by("pk").select_for_update().values_list("pk"))
    else:
        # SQLite gives nobody its lock for writing who has begun by reading.
        batch.order_by().update(updated_at=F("updated_at"))
