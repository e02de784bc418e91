"""What a stranger asked belongs to them after they have logged in."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from mindwave_django.access import SESSION_OWNER_KEY, session_owner, user_owner
from mindwave_django.conf import mindwave_settings
from mindwave_django.models import ChatMessage, Conversation
from mindwave_django.usage.rollup import replace_owner


def adopt_conversations(
    sender: type, request: HttpRequest | None, user: Any, **kwargs: Any
) -> None:
    """Receive `user_logged_in`: give the session's conversations to the user.

    MINDWAVE['CHAT']['ADOPT_ON_LOGIN'] = False leaves them with the session.
    """
    session = getattr(request, "session", None)
    if session is None or not mindwave_settings.CHAT.ADOPT_ON_LOGIN:
        return
    if owner := session_owner(session):
        adopt(owner, user_owner(user))
        del session[SESSION_OWNER_KEY]


def adopt(owner: str, new_owner: str) -> None:
    """Give everything of one owner to another.

    An idempotency key that the new owner has used too is forgotten.
    """
    with transaction.atomic():
        messages = ChatMessage.objects.filter(owner=owner)
        used = ChatMessage.objects.filter(owner=new_owner).exclude(idempotency_key="")
        messages.filter(idempotency_key__in=used.values("idempotency_key")).update(
            idempotency_key=""
        )
        messages.update(owner=new_owner)
        Conversation.objects.filter(owner=owner).update(owner=new_owner)
    replace_owner(owner, new_owner)
