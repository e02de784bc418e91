"""Who may use the shipped views, from which page; and whose a stream is."""

from __future__ import annotations

import secrets
from inspect import isawaitable, iscoroutinefunction
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpRequest
from django.utils.module_loading import import_string

from mindwave_django.conf import mindwave_settings
from mindwave_django.exceptions import AuthenticationRequired, PermissionDenied
from mindwave_django.streaming.background import is_on_a_loop

# Kept in the session; never the session key itself, which is a credential and changes on login.
SESSION_OWNER_KEY = "mindwave_owner"


class Caller(NamedTuple):
    """Who asks: the logged-in user, if any, and the owner under which streams are kept.

    `owner` is `u:<primary key>`, `s:<token of the session>`, or empty: then whoever knows the
    unguessable stream id may read the stream.
    """

    owner: str
    user: Any


async def acaller(request: HttpRequest) -> Caller:
    """Return who asks, in async code.

    In the request's thread: `request.user` is the one place where token authentication says who is
    there, while `request.auser` knows Django's sessions only.
    """
    return await sync_to_async(caller)(request)


def caller(request: HttpRequest) -> Caller:
    """Return who asks, in synchronous code; may look into the database."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return _user(user)
    session = _session(request)
    return _session_owner(session and session.get(SESSION_OWNER_KEY))


def lasting_caller(request: HttpRequest) -> Caller:
    """Return who asks, in synchronous code; a stranger gets an owner, for `keep_owner`.

    Raises AuthenticationRequired for a stranger where there are no sessions: nobody could be told
    apart from anybody else.
    """
    who = caller(request)
    if who.owner:
        return who
    session = getattr(request, "session", None)
    if session is None:
        raise AuthenticationRequired("A conversation needs a user or Django's sessions.")
    return _session_owner(session.get(SESSION_OWNER_KEY) or secrets.token_urlsafe(32))


def keep_owner(request: HttpRequest, who: Caller) -> None:
    """Let the session of a stranger keep their owner.

    Only once something belongs to it: a stranger who is refused must not leave a session behind.
    """
    if who.user is None:
        request.session.setdefault(SESSION_OWNER_KEY, who.owner.removeprefix("s:"))


def session_owner(session: Any) -> str:
    """Return the owner that a session keeps for a stranger; empty if it has none."""
    return _session_owner(session.get(SESSION_OWNER_KEY)).owner


def user_owner(user: Any) -> str:
    """Return the owner that stands for a user."""
    return _user(user).owner


def _user(user: Any) -> Caller:
    return Caller(f"u:{user.pk}", user)


def _session(request: HttpRequest) -> Any:
    # A session without a key is a new one, with nothing in it that would be worth loading.
    session = getattr(request, "session", None)
    return session if session is not None and session.session_key else None


def _session_owner(token: str | None) -> Caller:
    return Caller(f"s:{token}" if token else "", None)


async def anyone(request: HttpRequest) -> bool:
    """Let everybody in, strangers too: they spend what the site owner pays."""
    return True


async def authenticated(request: HttpRequest) -> bool:
    """Let logged-in users in."""
    return await _is_logged_in(request)


async def staff(request: HttpRequest) -> bool:
    """Let those in who may use Django's admin."""
    user = (await acaller(request)).user
    return user is not None and user.is_active and user.is_staff


class permission:  # noqa: N801  # reads as the other rules do
    """Let users in who have a permission: `"ACCESS": permission("chat.use_chat")`."""

    def __init__(self, name: str) -> None:
        """Take `app_label.codename`, as `user.has_perm` does; raise ValueError for all else."""
        label, dot, codename = name.partition(".")
        if not (label and dot and codename):
            raise ValueError(f"A permission is written 'app_label.codename', got {name!r}.")
        self.name = name

    def __call__(self, request: HttpRequest) -> bool:
        """Return whether the user has it; strangers have none."""
        user = caller(request).user
        return user is not None and user.has_perm(self.name)

    def __repr__(self) -> str:
        return f"permission({self.name!r})"


async def _is_logged_in(request: HttpRequest) -> bool:
    return (await acaller(request)).user is not None


def is_allowed(request: HttpRequest) -> bool:
    """Return whether MINDWAVE['CHAT']['ACCESS'] lets the caller in, in synchronous code.

    On an event loop, where neither user nor database can be asked, the answer is yes: what a page
    shows there is no more than a form, and the views ask again.
    """
    if is_on_a_loop():
        return True
    return async_to_sync(_is_allowed)(mindwave_settings.CHAT.ACCESS, request)


async def _is_allowed(rule: Any, request: HttpRequest) -> bool:
    if isinstance(rule, str):
        rule = import_string(rule)
    allowed = rule(request) if iscoroutinefunction(rule) else await sync_to_async(rule)(request)
    return bool(await allowed if isawaitable(allowed) else allowed)


async def require_access(request: HttpRequest) -> None:
    """Let the request through MINDWAVE['CHAT']['ACCESS'] and the rule for foreign pages.

    Raises AuthenticationRequired for anonymous users who are not let in, PermissionDenied for
    others.
    """
    require_own_page(request)
    if await _is_allowed(mindwave_settings.CHAT.ACCESS, request):
        return
    if await _is_logged_in(request):
        raise PermissionDenied("MINDWAVE['CHAT']['ACCESS'] refused a logged-in user.")
    raise AuthenticationRequired("MINDWAVE['CHAT']['ACCESS'] refused an anonymous user.")


def require_own_page(request: HttpRequest) -> None:
    """Raise PermissionDenied if a foreign page, or a prefetch, triggered the request.

    A GET that spends money must not be had by an `<img>` on somebody else's page. Browsers say
    where a request comes from in `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/), though
    only to https and localhost; without it `Origin` and `Referer` have to match if they are there.
    Programs such as curl send none of them.
    """
    if "prefetch" in request.headers.get("Sec-Purpose", ""):
        raise PermissionDenied("A prefetch must not cost anything.")
    site = request.headers.get("Sec-Fetch-Site")
    if site in {"same-origin", "none"} or _comes_from_allowed_origin(request):
        return
    if site is not None:
        raise PermissionDenied(f"Sec-Fetch-Site is {site!r} and the origin is not allowed.")
    source = request.headers.get("Origin") or request.headers.get("Referer")
    if source is not None and _origin(source) != _origin(request.build_absolute_uri("/")):
        raise PermissionDenied("Origin or Referer names another site.")


def _comes_from_allowed_origin(request: HttpRequest) -> bool:
    source = request.headers.get("Origin") or request.headers.get("Referer") or ""
    origin = _origin(source)
    return all(origin) and origin in map(_origin, mindwave_settings.CHAT.ALLOWED_ORIGINS)


def _origin(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:  # what cannot be read is foreign
        return "", ""
    return parts.scheme.lower(), parts.netloc.lower()
