"""Include these where you like: `path("mindwave/", include("mindwave_django.urls"))`."""

from __future__ import annotations

from django.urls import path

from mindwave_django import views

app_name = "mindwave"

urlpatterns = [
    path("stream/", views.stream, name="stream"),
    # Without the slash too: a redirect shows nothing in `curl -N` and loses a POST's body.
    path("stream", views.stream),
    path("generate/", views.generate, name="generate"),
    path("generate", views.generate),
]
