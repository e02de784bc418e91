from __future__ import annotations

from django.contrib import admin

from chat.models import ChatMessage


@admin.register(ChatMessage)
class ChatMessageAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ["prompt", "outcome", "model", "output_tokens", "user", "created_at"]
    list_filter = ["outcome", "model"]
    search_fields = ["prompt", "answer"]
