"""The people of the matrix, what they own, and every row as it is now."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model
from django.test import Client

from mindwave_django.access import SESSION_OWNER_KEY, user_owner
from mindwave_django.messages import Role
from mindwave_django.models import ChatMessage, Conversation
from tests.servers.access.matrix import CALLERS, COMPLETE, RENAMED, Caller, Cell


class Owned(NamedTuple):
    """The conversation of somebody, for the placeholders of a path or a body."""

    conversation: Conversation
    question: ChatMessage
    answer: ChatMessage

    def fill(self, template: str) -> str:
        """Put the ids in."""
        return template.format(**{name: row.pk for name, row in self._asdict().items()})


class Rows(NamedTuple):
    """Every conversation and message by id, and the number of sessions."""

    conversations: dict[Any, dict[str, Any]]
    messages: dict[Any, dict[str, Any]]
    sessions: int

    def count(self) -> Counter[str]:
        """Count what there is, by the words of `Endpoint.changes`."""
        counted = Counter(row["state"] for row in self.messages.values())
        counted["conversation"] = len(self.conversations)
        counted[RENAMED] = sum(row["title"] == RENAMED for row in self.conversations.values())
        counted["session"] = self.sessions
        return counted


def changes(before: Rows, after: Rows) -> dict[str, int]:
    """Return how many there are more or less."""
    difference = after.count()
    difference.subtract(before.count())
    return {name: number for name, number in difference.items() if number}


def secret(caller: Caller) -> str:
    """Return what stands in every text that belongs to somebody."""
    return f"secret-of-{caller.name.replace(' ', '-')}"


class World:
    """Everybody with a session and one conversation; made anew once something has changed."""

    def __init__(self) -> None:
        self.owners: dict[Caller, str] = {}
        self.sessions: dict[Caller, str] = {}
        self.owned: dict[Caller, Owned] = {}
        self._before: Rows | None = None
        self._answer = ""
        for caller in CALLERS[1:]:
            self._admit(caller)

    def ready(self, cell: Cell) -> Rows:
        """Return the rows before a request, with the answers in the state that it needs."""
        if self._before is None or self._answer != cell.endpoint.answer:
            self._make(cell.endpoint.answer)
            self._before = rows()
        return self._before

    def after(self, before: Rows) -> Rows:
        """Return the rows after it."""
        now = rows()
        if now != before:
            self._before = None
        return now

    def _admit(self, caller: Caller) -> None:
        browser = Client()
        if caller.logged_in:
            staff = {"is_staff": caller.staff, "is_superuser": caller.staff}
            user = User.objects.create_user(caller.name, **staff)
            browser.force_login(user)
            self.owners[caller] = user_owner(user)
        else:
            session = browser.session
            session[SESSION_OWNER_KEY] = caller.name
            session.save()
            self.owners[caller] = f"s:{caller.name}"
        self.sessions[caller] = browser.cookies["sessionid"].value

    def _make(self, answer: str) -> None:
        Conversation.objects.all().delete()
        Session.objects.exclude(pk__in=self.sessions.values()).delete()
        self._answer = answer
        self.owned = {
            caller: _owned(caller, owner, answer) for caller, owner in self.owners.items()
        }
        Conversation.objects.bulk_create(each.conversation for each in self.owned.values())
        for name in ("question", "answer"):
            ChatMessage.objects.bulk_create(getattr(each, name) for each in self.owned.values())


def rows() -> Rows:
    """Read every row, with all that the database has in it."""
    return Rows(_table(Conversation), _table(ChatMessage), len(_table(Session, "session_key")))


def _table(model: type[Model], key: str = "id") -> dict[Any, dict[str, Any]]:
    """Read a table as it is: thousands of times, so that objects would take too long."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {model._meta.db_table}")
        names = [column[0] for column in cursor.description]
        read = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return {row[key]: row for row in read}


def _owned(caller: Caller, owner: str, state: str) -> Owned:
    text = secret(caller)
    conversation = Conversation(owner=owner, title=text)
    shared = {"conversation": conversation, "owner": owner}
    question = ChatMessage(**shared, position=0, role=Role.USER, content=text)
    answer = ChatMessage(
        **shared,
        position=1,
        role=Role.ASSISTANT,
        state=state,
        content=text if state == COMPLETE else "",
        reply_to=question,
        driver="default",
    )
    return Owned(conversation, question, answer)
