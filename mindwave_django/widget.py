"""The chat widget's HTML, as functions; `templatetags/mindwave.py` is a thin adapter."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.core.exceptions import ImproperlyConfigured
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import NoReverseMatch, is_valid_path, reverse
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language, get_language_bidi

from mindwave_django.access import is_allowed
from mindwave_django.backends import unknown
from mindwave_django.conf import mindwave_settings
from mindwave_django.exceptions import AuthenticationRequired, PermissionDenied
from mindwave_django.forms import sign_driver
from mindwave_django.widget_texts import widget_texts

LAYOUTS = ("inline", "bubble")
THEMES = ("auto", "light", "dark")
USAGES = ("live",)  # or simply true


class WidgetError(ValueError):
    """What the author of a page asked for cannot be rendered; says what to write instead."""


def render_chat(
    request: HttpRequest,
    *,
    conversation: object = None,
    driver: str = "",
    layout: str = "inline",
    height: str = "",
    placeholder: str = "",
    title: str = "",
    starters: Sequence[str] = (),
    theme: str = "auto",
    usage: bool | str = False,
    images: bool = False,
    conversations: bool = True,
) -> SafeString:
    """Render the chat, and what loads it; for those whom ACCESS refuses, the way to log in.

    Raises WidgetError for a driver, layout, theme, usage or conversation that does not exist or
    make sense, and ImproperlyConfigured if the URLs of this package are not included.
    """
    _require("layout", layout, LAYOUTS)
    _require("theme", theme, THEMES)
    if usage and isinstance(usage, str):
        _require("usage", usage, USAGES)
    if not is_allowed(request):
        return _closed(request, layout)
    texts = widget_texts()
    texts |= {"placeholder": placeholder or texts["placeholder"]}
    texts |= {"emptyTitle": title or texts["emptyTitle"]}
    context: dict[str, object] = {
        "texts": texts,
        "layout": layout,
        "conversation": _conversation_id(conversation),
        "driver": _signed(driver),
        "form_action": f"{base_url()}messages/",
        "max_length": mindwave_settings.CHAT.MAX_PROMPT_LENGTH,
        "stylesheet": static("mindwave_django/chat.css"),
        "script": static("mindwave_django/register.js"),
    }
    options = {
        "height": height,
        "theme": theme if theme != "auto" else "",
        "conversations": "" if conversations else "off",
        "starters": _json(list(starters)) if starters else "",
        "usage": usage,
        "images": images,
    }
    context["attributes"] = _attributes(context, options)
    return render_to_string("mindwave_django/chat.html", context, request)


def _closed(request: HttpRequest, layout: str) -> SafeString:
    if layout == "bubble":  # there is nothing to open
        return SafeString("")
    known = getattr(getattr(request, "user", None), "is_authenticated", False)
    context = {
        "message": PermissionDenied.message if known else AuthenticationRequired.message,
        "login_url": "" if known else _login_url(request),
    }
    return render_to_string("mindwave_django/chat_closed.html", context, request)


def _login_url(request: HttpRequest) -> str:
    """Return where to log in and come back from; empty if the site has no such page."""
    url = resolve_url(settings.LOGIN_URL)
    if url.startswith("/") and not is_valid_path(url):
        return ""
    return f"{url}?{urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})}"


def render_assets() -> SafeString:
    """Render what loads the chat, for pages into which the element comes later."""
    context = {"script": static("mindwave_django/register.js")}
    return render_to_string("mindwave_django/chat_assets.html", context)


def base_url() -> str:
    """Return the path under which the URLs of this package are included; it ends with a slash."""
    try:
        return reverse("mindwave:stream").removesuffix("stream/")
    except NoReverseMatch as exc:
        raise ImproperlyConfigured(
            "The chat needs the URLs of mindwave_django. Add "
            'path("mindwave/", include("mindwave_django.urls")) to your urlpatterns.'
        ) from exc


def _signed(driver: str) -> str:
    if not driver:
        return ""
    _require("driver", driver, mindwave_settings.DRIVERS)
    return sign_driver(driver)


def _attributes(context: Mapping[str, object], options: Mapping[str, object]) -> SafeString:
    attributes = {
        "base": base_url(),
        "lang": get_language() or "",
        "dir": "rtl" if get_language_bidi() else "ltr",
        "layout": context["layout"] if context["layout"] != "inline" else "",
        "conversation": context["conversation"],
        "driver": context["driver"],
        "max-length": str(context["max_length"]),
        "csrf-cookie": settings.CSRF_COOKIE_NAME,
        "stylesheet": context["stylesheet"],
        "texts": _json(context["texts"]),
        **options,
    }
    return flatatt({name: value for name, value in attributes.items() if value})


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _conversation_id(conversation: object) -> str:
    """Return the id of a conversation given as an object, a UUID or a text."""
    value = getattr(conversation, "pk", conversation)
    if not value:
        return ""
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise WidgetError(
            f"conversation should be a conversation or its id, got {conversation!r}."
        ) from None


def _require(option: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise WidgetError(f"Unknown {option} {value!r}. {unknown(str(value), known)}")
