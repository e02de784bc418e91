"""What the documentation adds to a site with a front end on another domain."""

from __future__ import annotations

from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from tests.pages import run, sample

csrf_token = run(sample("security.md", "def csrf_token"))["csrf_token"]


def rate(group: str, request: HttpRequest) -> str | None:
    """Let one question a day pass of whoever has the cookie for it."""
    return "1/d" if "test_rate" in request.COOKIES else None


def enter(request: HttpRequest) -> HttpResponse:
    """Log a user in, whereupon Django gives out another token."""
    login(request, get_user_model().objects.get_or_create(username="visitor")[0])
    return HttpResponse()


urlpatterns = [
    path("csrf-token/", csrf_token),
    path("enter", enter),
    path("", include("tests.browser.site")),
]
