"""Include these where you like: `path("mindwave/", include("mindwave_django.urls"))`."""

from __future__ import annotations

from django.urls import path

from mindwave_django.views import conversations, direct, messages, probe

app_name = "mindwave"

urlpatterns = [
    path("stream/", direct.stream, name="stream"),
    # Without the slash too: a redirect shows nothing in `curl -N` and loses a POST's body.
    path("stream", direct.stream),
    path("generate/", direct.generate, name="generate"),
    path("generate", direct.generate),
    path("messages/", messages.ask, name="messages"),
    path("messages/<uuid:pk>/stream/", messages.stream, name="message-stream"),
    path("messages/<uuid:pk>/cancel/", messages.cancel, name="message-cancel"),
    path("messages/<uuid:pk>/regenerate/", messages.regenerate, name="message-regenerate"),
    path("messages/<uuid:pk>/edit/", messages.edit, name="message-edit"),
    path("conversations/", conversations.conversations, name="conversations"),
    path("conversations/<uuid:pk>/", conversations.conversation, name="conversation"),
    path("probe/", probe.probe, name="probe"),
    path("probe/report/", probe.report, name="probe-report"),
]
