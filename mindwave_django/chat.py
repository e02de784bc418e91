"""What people do in a conversation: ask, edit, ask again, stop."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import IntegrityError, connections, router, transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Now

from mindwave_django.concurrency import RETRY_AFTER
from mindwave_django.conf import mindwave_settings
from mindwave_django.events import CancelReason
from mindwave_django.exceptions import (
    ConversationBusy,
    IdempotencyKeyReused,
    NotFound,
    NotLatest,
    TooManyStreams,
)
from mindwave_django.messages import Role
from mindwave_django.models import LIVE, ChatMessage, Conversation, MessageState
from mindwave_django.owners import user_key
from mindwave_django.recorder import abandoned
from mindwave_django.titles import first_words


class Posted(NamedTuple):
    """A question and the answer that waits to be read."""

    conversation: Conversation
    question: ChatMessage
    answer: ChatMessage


@dataclass(frozen=True, kw_only=True)
class Order(ABC):
    """Something that is to be answered, by whom it is asked.

    An order with an `idempotency_key` is carried out once for its owner, however often it comes,
    also at the same time.
    """

    owner: str
    idempotency_key: str = ""

    def place(self, permit: Callable[[], object] = lambda: None) -> Posted:
        """Write the rows; in synchronous code.

        Raises NotFound, ConversationBusy while there is a live answer, NotLatest,
        IdempotencyKeyReused if another order came with the same key, TooManyStreams if its owner
        has as many live answers as MAX_STREAMS_PER_OWNER allows.

        :param permit: called before an order is carried out that was not known before; what it
            raises refuses it.
        """
        if (known := self._known()) is not None:
            return known
        permit()
        try:
            with transaction.atomic():
                return self._write()
        except (IntegrityError, ConversationBusy, NotLatest) as exc:
            # Somebody else was faster: with the same key, or with another question.
            if (known := self._known()) is not None:
                return known
            if not isinstance(exc, IntegrityError):
                raise
            raise ConversationBusy("Another answer was asked for at the same time.") from exc

    @abstractmethod
    def _write(self) -> Posted: ...

    @property
    def digest(self) -> str:
        """A fingerprint of what was ordered, by whomever."""
        fields = asdict(self) | {"owner": "", "idempotency_key": "", "": type(self).__name__}
        return hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()

    def _known(self) -> Posted | None:
        if not self.idempotency_key:
            return None
        answer = (
            ChatMessage.objects.filter(owner=self.owner, idempotency_key=self.idempotency_key)
            .select_related("conversation", "reply_to")
            .first()
        )
        if answer is None or answer.reply_to is None:
            return None
        if answer.request_digest != self.digest:
            raise IdempotencyKeyReused("The same key came with another request.")
        return Posted(answer.conversation, answer.reply_to, answer)

    def _answer(
        self, question: ChatMessage, driver: str, options: dict[str, Any], *, position: int
    ) -> ChatMessage:
        require_few_live(self.owner)
        return ChatMessage.objects.create(
            conversation=question.conversation,
            owner=self.owner,
            position=position,
            role=Role.ASSISTANT,
            state=MessageState.PENDING,
            reply_to=question,
            driver=driver,
            options=options,
            idempotency_key=self.idempotency_key,
            request_digest=self.digest if self.idempotency_key else "",
        )

    def _question(self, conversation: Conversation, prompt: str, *, position: int) -> ChatMessage:
        return ChatMessage.objects.create(
            conversation=conversation,
            owner=self.owner,
            position=position,
            role=Role.USER,
            content=prompt,
        )


@dataclass(frozen=True, kw_only=True)
class Ask(Order):
    """Ask something, in a conversation or, without one, in a new one."""

    prompt: str
    conversation: UUID | None = None
    driver: str
    options: dict[str, Any]

    def _write(self) -> Posted:
        conversation, position = self._place()
        question = self._question(conversation, self.prompt, position=position)
        answer = self._answer(question, self.driver, self.options, position=position + 1)
        return Posted(conversation, question, answer)

    def _place(self) -> tuple[Conversation, int]:
        """Return the conversation, and the position in it that comes next."""
        if self.conversation is None:
            title = first_words(self.prompt)
            return Conversation.objects.create(owner=self.owner, title=title), 0
        found = lock(Conversation.objects.filter(pk=self.conversation, owner=self.owner))
        return found, _next_position(found)


@dataclass(frozen=True, kw_only=True)
class Regenerate(Order):
    """Have the latest answer once more; the new one counts from now on."""

    message: UUID

    def _write(self) -> Posted:
        conversation = lock(_conversation_of(self.owner, self.message, Role.ASSISTANT))
        old = conversation.messages.get(pk=self.message)
        question = latest_question(conversation)
        if old.replaced_by_id is not None or old.reply_to_id != question.pk:
            raise NotLatest("A later question or answer has taken its place.")
        position = _next_position(conversation)
        answer = self._answer(question, old.driver, old.options, position=position)
        _replace(old, answer)
        return Posted(conversation, question, answer)


@dataclass(frozen=True, kw_only=True)
class Edit(Order):
    """Ask the latest question in other words; it and its answer count no more."""

    message: UUID
    prompt: str

    def _write(self) -> Posted:
        conversation = lock(_conversation_of(self.owner, self.message, Role.USER))
        old = latest_question(conversation)
        if old.pk != self.message:
            raise NotLatest("A later question has taken its place.")
        position = _next_position(conversation)
        question = self._question(conversation, self.prompt, position=position)
        old_answer = old.answers.filter(replaced_by=None).latest("position")
        driver, options = old_answer.driver, old_answer.options
        answer = self._answer(question, driver, options, position=position + 1)
        _replace(old, question)
        _replace(old_answer, answer)
        return Posted(conversation, question, answer)


def lock(found: QuerySet[Conversation]) -> Conversation:
    """Return the one conversation that is found, free for a next question; in a transaction.

    It stays free until the transaction ends. Raises NotFound, or ConversationBusy while an answer
    is pending or streaming.
    """
    # A write comes first: SQLite gives nobody a lock for writing who has begun by reading.
    if not found.update(updated_at=Now()):
        raise NotFound("No such conversation or message, or somebody else's.")
    conversation = found.select_for_update().get()
    live = conversation.messages.filter(state__in=LIVE)
    abandoned(live)
    if live.exists():
        raise ConversationBusy("It has a live answer.")
    return conversation


def require_few_live(owner: str) -> None:
    """Raise TooManyStreams if an owner has as many live answers as they may; in a transaction.

    Exact for users, whose rows are locked until its end: something has been written before, see
    `lock`. Strangers have no row to lock, and may get others' tokens anyway: their rate is counted
    by address.
    """
    limit = mindwave_settings.CHAT.MAX_STREAMS_PER_OWNER
    if limit is None:
        return
    _lock_user(owner)
    live = ChatMessage.objects.filter(owner=owner, state__in=LIVE)
    abandoned(live)
    if live.count() >= limit:
        raise TooManyStreams(f"Its owner has {limit} live answers.", retry_after=RETRY_AFTER)


def _lock_user(owner: str) -> None:
    """Let no other question of this user be written before the end of the transaction."""
    users, database = get_user_model()._base_manager, router.db_for_write(ChatMessage)
    key = user_key(owner)
    if key is None or router.db_for_write(users.model) != database:
        return
    # What refers to the user can be written meanwhile, where a database knows such a lock.
    no_key = connections[database].features.has_select_for_no_key_update
    users.using(database).select_for_update(no_key=no_key).filter(pk=key).first()


def _conversation_of(owner: str, pk: UUID, role: Role) -> QuerySet[Conversation]:
    message = ChatMessage.objects.filter(pk=pk, role=role)
    return Conversation.objects.filter(owner=owner, pk__in=message.values("conversation"))


def own_message(owner: str, pk: UUID, role: Role) -> ChatMessage:
    """Return a message with the one it replies to; raise NotFound unless it is there and theirs."""
    own = ChatMessage.objects.filter(owner=owner) if owner else ChatMessage.objects.none()
    try:
        return own.select_related("reply_to").get(pk=pk, role=role)
    except ChatMessage.DoesNotExist as exc:
        raise NotFound("No such message, or somebody else's.") from exc


def latest_question(conversation: Conversation) -> ChatMessage:
    """Return the question that was asked last, of those that count."""
    return conversation.messages.filter(role=Role.USER, replaced_by=None).latest("position")


def request_stop(owner: str, pk: UUID) -> ChatMessage:
    """Cancel an answer that is pending, or ask its writer, in whatever process, to stop.

    Returns the message as it is now. The writer in this process is told through the log, at once;
    another one sees it at its next checkpoint.
    """
    message = own_message(owner, pk, Role.ASSISTANT)
    row = ChatMessage.objects.filter(pk=pk)
    cancelled = row.filter(state=MessageState.PENDING).update(
        state=MessageState.CANCELLED, cancel_reason=CancelReason.USER, ended_at=Now()
    )
    if not cancelled:
        row.filter(state=MessageState.STREAMING).update(cancel_requested=True)
    message.refresh_from_db()
    return message


def _next_position(conversation: Conversation) -> int:
    last = conversation.messages.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def _replace(old: ChatMessage, new: ChatMessage) -> None:
    ChatMessage.objects.filter(pk=old.pk).update(replaced_by=new)
