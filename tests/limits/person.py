"""Somebody who is logged in and has conversations, for tests that send anything anywhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client, tag
from hypothesis.extra.django import TestCase

from mindwave_django.access import user_owner
from mindwave_django.exceptions import Interrupted
from mindwave_django.messages import Role
from mindwave_django.models import ChatMessage, Conversation, MessageState
from mindwave_django.streaming.log import current_log
from tests.asking import chat
from tests.clients import Answered

TOKEN = "a" * 32  # Django takes any letters for a CSRF token, if cookie and header agree

# Nobody is told to slow down.
unhurried = chat(MAX_STREAMS_PER_OWNER=None, ALLOWED_MODELS=["small"])


@tag("thorough")
class PersonTestCase(TestCase):
    """A person with one conversation for each state that its latest answer may be in.

    Each example of hypothesis finds them as they were.
    """

    cookies: dict[str, str]
    conversations: list[str]
    questions: list[str]
    answers: list[str]

    @classmethod
    def setUpTestData(cls) -> None:
        user = get_user_model().objects.create_user("somebody")
        client = Client()
        client.force_login(user)
        cls.cookies = {"csrftoken": TOKEN, "sessionid": client.cookies["sessionid"].value}
        for state in MessageState.values:
            talk(user_owner(user), state)
        messages = ChatMessage.objects.order_by("-position")
        cls.conversations = ids(Conversation.objects.all())
        cls.questions = ids(messages.filter(role=Role.USER))
        cls.answers = ids(messages.filter(role=Role.ASSISTANT))

    def teardown_example(self, example: Any) -> None:
        super().teardown_example(example)
        current_log.forget()


def ids(rows: Any) -> list[str]:
    return [str(row.pk) for row in rows]


def talk(owner: str, state: str) -> None:
    """Write a conversation with two questions; the later one's answer is in this state."""
    conversation = Conversation.objects.create(owner=owner, title=state)
    for position, each in ((0, MessageState.COMPLETE), (2, state)):
        where = {"conversation": conversation, "owner": owner}
        question = ChatMessage.objects.create(
            **where, position=position, role=Role.USER, content="Hi"
        )
        answer(each, **where, position=position + 1, reply_to=question)


def answer(state: str, **fields: Any) -> None:
    ChatMessage.objects.create(
        role=Role.ASSISTANT,
        driver="default",
        state=state,
        content="" if state == MessageState.PENDING else "Hello",
        error_code=Interrupted.code if state in {"failed", "interrupted"} else "",
        cancel_reason="user" if state == MessageState.CANCELLED else "",
        # Whoever wrote it is gone; else its readers would wait.
        checkpoint_at=datetime(2000, 1, 1, tzinfo=UTC),
        **fields,
    )


def assert_flat(answered: Answered) -> None:
    """Fail if a refusal is no flat JSON object."""
    assert {"error", "code"} <= answered.json.keys()
    assert answered.json.keys() <= {"error", "code", "retry_after", "fields"}
