"""Where a visitor comes from whose browser foreign pages would like to use."""

from __future__ import annotations

from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import include, path


def enter(request: HttpRequest) -> HttpResponse:
    """Give a visitor the cookies of the site: of a user, if `user` stands in the query."""
    if "user" in request.GET:
        user, _ = get_user_model().objects.get_or_create(username="visitor")
        login(request, user)
    get_token(request)
    return HttpResponse("<!doctype html><title>Come in</title><body></body>")


urlpatterns = [
    path("enter", enter),
    path("", include("tests.browser.site")),
]
