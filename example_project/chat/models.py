from __future__ import annotations

from django.conf import settings
from django.db import models


class ChatMessage(models.Model):
    """A question and its answer, as the signals of a stream tell them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True)
    stream_id = models.CharField(max_length=64, unique=True)
    prompt = models.TextField()
    answer = models.TextField(blank=True)
    outcome = models.CharField(max_length=16)
    error_code = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=128, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.prompt[:80]
