"""Conversations and their messages, and the ledger of calls to providers, as rows."""

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
DRIVER_LENGTH = 64
MODEL_LENGTH = 128


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
        # Joins the conversation, to sort by its own order: what reads one row need not ask for it.
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


class CallOutcome(models.TextChoices):
    """How a call to a provider ended."""

    COMPLETED = "completed", _("completed")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class ProviderCall(models.Model):
    """One call to a provider, however it ended: a line of the ledger.

    `id` is the stream's id. What nobody knows is NULL, never zero; the cost stays what it was when
    the call ended. Lines outlive the messages they belong to; an owner who is erased becomes "".
    """

    id = models.UUIDField(primary_key=True, editable=False)
    owner = models.CharField(_("owner"), max_length=OWNER_LENGTH, blank=True)
    driver = models.CharField(_("driver"), max_length=DRIVER_LENGTH)
    provider = models.CharField(_("provider"), max_length=DRIVER_LENGTH, blank=True)
    model = models.CharField(_("model"), max_length=MODEL_LENGTH, blank=True)
    outcome = models.CharField(_("outcome"), max_length=16, choices=CallOutcome.choices)
    error_code = models.CharField(_("error code"), max_length=64, blank=True)

    input_tokens = models.PositiveIntegerField(_("input tokens"), null=True)
    output_tokens = models.PositiveIntegerField(_("output tokens"), null=True)
    cached_input_tokens = models.PositiveIntegerField(_("cached input tokens"), null=True)
    reasoning_tokens = models.PositiveIntegerField(_("reasoning tokens"), null=True)
    usage_source = models.CharField(_("source of the usage"), max_length=16, blank=True)
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=8, null=True)

    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"))
    time_to_first_token = models.FloatField(_("time to first token"), null=True)  # seconds
    trace_id = models.CharField(_("trace id"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("call to a provider")
        verbose_name_plural = _("calls to providers")
        ordering = ("-ended_at",)
        indexes = [
            models.Index(fields=["ended_at"], name="mindwave_call_ended"),
            models.Index(fields=["owner", "ended_at"], name="mindwave_call_owner"),
        ]

    def __str__(self) -> str:
        return self.id.hex


class Figures(models.Model):
    """Sums over some calls. Tokens and cost are those that are known; the rest is counted."""

    calls = models.PositiveBigIntegerField()
    failed = models.PositiveBigIntegerField()
    cancelled = models.PositiveBigIntegerField()
    input_tokens = models.PositiveBigIntegerField()
    output_tokens = models.PositiveBigIntegerField()
    cached_input_tokens = models.PositiveBigIntegerField()
    reasoning_tokens = models.PositiveBigIntegerField()
    cost = models.DecimalField(max_digits=20, decimal_places=8)
    unknown_tokens = models.PositiveBigIntegerField()  # calls of which input or output is unknown
    unknown_cost = models.PositiveBigIntegerField()  # calls of unknown cost

    class Meta:
        abstract = True


class DailyUsage(Figures):
    """What was used on a day that is over, whoever used it."""

    day = models.DateField()
    model = models.CharField(max_length=MODEL_LENGTH)
    driver = models.CharField(max_length=DRIVER_LENGTH)

    class Meta:
        verbose_name = verbose_name_plural = _("usage")
        default_permissions = ()  # whoever may see the calls may see their sums
        constraints = [
            models.UniqueConstraint(
                fields=["day", "model", "driver"], name="mindwave_usage_of_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"


class Span(models.TextChoices):
    """What a row of `OwnerUsage` is about: some time, and one model and driver or all of them."""

    DAY = "day"
    MONTH = "month"
    DAY_TOTAL = "day_total"
    MONTH_TOTAL = "month_total"


class OwnerUsage(Figures):
    """What one owner used in a day or a month that is over.

    Where people ask little, their days are as many as their calls. So a long range is read from
    months, and only its ends from days; and from totals, unless one model or driver is asked for.
    """

    span = models.CharField(max_length=16, choices=Span.choices)
    day = models.DateField()  # the first one
    owner = models.CharField(max_length=OWNER_LENGTH, blank=True)
    model = models.CharField(max_length=MODEL_LENGTH)
    driver = models.CharField(max_length=DRIVER_LENGTH)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["span", "day"], name="mindwave_usage_span"),
            models.Index(fields=["owner", "day"], name="mindwave_usage_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.owner}"


class DailyLatency(models.Model):
    """How many calls of a day that is over had their first token within a range of times."""

    day = models.DateField()
    model = models.CharField(max_length=MODEL_LENGTH)
    driver = models.CharField(max_length=DRIVER_LENGTH)
    bucket = models.SmallIntegerField()  # see `usage.latency`
    calls = models.PositiveBigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["day", "model", "driver", "bucket"], name="mindwave_latency_of_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model} {self.bucket}"


class RollUp(models.Model):
    """Until when calls have been summed up by day; one row, whose lock is that of the sums."""

    until = models.DateField(null=True)  # the last day that has been; NULL: none

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.until)
