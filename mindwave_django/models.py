"""Conversations and their messages, as rows."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from mindwave_django.messages import Role

TITLE_LENGTH = 200
OWNER_LENGTH = 128
KEY_LENGTH = 128


class Conversation(models.Model):
    """A dialogue that belongs to a user (`u:<primary key>`) or to a session (`s:<token>`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.CharField(_("owner"), max_length=OWNER_LENGTH)
    title = models.CharField(_("title"), max_length=TITLE_LENGTH)
    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    updated_at = models.DateTimeField(_("updated"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        ordering = ("-updated_at", "-id")
        indexes = [
            models.Index(fields=["owner", "-updated_at", "-id"], name="mindwave_conv_owner"),
            models.Index(fields=["updated_at"], name="mindwave_conv_updated"),
        ]

    def __str__(self) -> str:
        return self.title


class MessageState(models.TextChoices):
    """Where an answer is on its way; a question is complete from the start."""

    PENDING = "pending", _("pending")  # nobody has come to read it yet; no model was asked
    STREAMING = "streaming", _("streaming")  # one process is writing it
    COMPLETE = "complete", _("complete")
    CANCELLED = "cancelled", _("cancelled")
    FAILED = "failed", _("failed")
    INTERRUPTED = "interrupted", _("interrupted")  # the process that wrote it is gone


LIVE = (MessageState.PENDING, MessageState.STREAMING)


class ChatMessage(models.Model):
    """A question, or an answer with all that is known about its call to the model.

    An answer's `id` in hexadecimal digits is its stream id. `replaced_by` names the sibling that
    counts in its place since the question was edited or the answer asked for again. Numbers that
    nobody knows are NULL, never zero.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages", verbose_name=_("conversation")
    )
    owner = models.CharField(_("owner"), max_length=OWNER_LENGTH)
    position = models.PositiveIntegerField(_("position"))
    role = models.CharField(
        _("role"),
        max_length=16,
        choices=[(Role.USER.value, _("user")), (Role.ASSISTANT.value, _("assistant"))],
    )
    state = models.CharField(
        _("state"), max_length=16, choices=MessageState.choices, default=MessageState.COMPLETE
    )
    content = models.TextField(_("content"), blank=True)
    reasoning = models.TextField(_("reasoning"), blank=True)
    reply_to = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="answers",
        verbose_name=_("reply to"),
    )
    replaced_by = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="replaces",
        verbose_name=_("replaced by"),
    )

    driver = models.CharField(_("driver"), max_length=64, blank=True)
    options = models.JSONField(_("options"), default=dict, blank=True)
    idempotency_key = models.CharField(max_length=KEY_LENGTH, blank=True, editable=False)
    request_digest = models.CharField(max_length=64, blank=True, editable=False)

    cancel_requested = models.BooleanField(default=False, editable=False)
    cancel_reason = models.CharField(_("reason of the cancellation"), max_length=16, blank=True)
    error_code = models.CharField(_("error code"), max_length=64, blank=True)
    finish_reason = models.CharField(_("finish reason"), max_length=64, blank=True)
    model = models.CharField(_("model"), max_length=128, blank=True)
    response_id = models.CharField(_("response id"), max_length=128, blank=True)

    input_tokens = models.PositiveIntegerField(_("input tokens"), null=True, blank=True)
    output_tokens = models.PositiveIntegerField(_("output tokens"), null=True, blank=True)
    cached_input_tokens = models.PositiveIntegerField(
        _("cached input tokens"), null=True, blank=True
    )
    reasoning_tokens = models.PositiveIntegerField(_("reasoning tokens"), null=True, blank=True)
    usage_source = models.CharField(_("source of the usage"), max_length=16, blank=True)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=8, null=True, blank=True)

    trace_id = models.CharField(_("trace id"), max_length=32, blank=True)
    span_id = models.CharField(_("span id"), max_length=16, blank=True)

    created_at = models.DateTimeField(_("created"), db_default=Now(), editable=False)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    first_token_at = models.DateTimeField(_("first token"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    checkpoint_at = models.DateTimeField(null=True, blank=True, editable=False)
    reader_seen_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("conversation", "position")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(state__in=["pending", "streaming"]),
                name="mindwave_one_live_answer",
            ),
            models.UniqueConstraint(
                fields=["conversation", "position"], name="mindwave_message_position"
            ),
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="mindwave_idempotency_key",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="mindwave_message_created"),
            models.Index(
                fields=["owner"],
                condition=Q(state__in=["pending", "streaming"]),
                name="mindwave_live_owner",
            ),
        ]

    def __str__(self) -> str:
        return self.content[:80] or f"({self.get_state_display()})"

    @property
    def stream_id(self) -> str:
        """The id under which the answer is streamed."""
        return self.id.hex

    @property
    def is_live(self) -> bool:
        """Whether the answer is still to come, or to go on."""
        return self.state in LIVE
