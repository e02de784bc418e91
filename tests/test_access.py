"""Who gets in, and whose a stream is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory, SimpleTestCase, override_settings
from django.utils.asyncio import async_unsafe
from django.utils.functional import SimpleLazyObject

from mindwave_django.access import (
    SESSION_OWNER_KEY,
    Caller,
    acaller,
    anyone,
    authenticated,
    caller,
    permission,
    require_access,
    staff,
)
from mindwave_django.exceptions import AuthenticationRequired, PermissionDenied

USER = SimpleNamespace(pk=7, is_authenticated=True)


def request(
    user: Any = None, session: Any = None, headers: dict[str, str] | None = None
) -> HttpRequest:
    """Return a request as the middleware of sessions and authentication leave it."""
    made = RequestFactory().get("/stream", headers=headers)
    if user is not None:

        async def auser() -> Any:
            return user

        made.user = user
        made.auser = auser  # type: ignore[method-assign]  # as the middleware does
    if session is not None:
        made.session = session
    return made


def session_of(owner: str | None, engine: str = "cache") -> Any:
    session = import_module(f"django.contrib.sessions.backends.{engine}").SessionStore()
    if owner is not None:
        session[SESSION_OWNER_KEY] = owner
        session.save()
    return session


class OwnerTests(SimpleTestCase):
    async def assert_caller(self, expected: Caller, **made: Any) -> None:
        assert caller(request(**made)) == expected
        assert await acaller(request(**made)) == expected

    async def test_user(self) -> None:
        await self.assert_caller(Caller("u:7", USER), user=USER)

    async def test_user_comes_before_the_session(self) -> None:
        await self.assert_caller(Caller("u:7", USER), user=USER, session=session_of("token"))

    async def test_user_whom_the_session_does_not_know(self) -> None:
        asked = request(user=AnonymousUser(), session=session_of("token"))
        asked.user = USER  # type: ignore[assignment]  # as token authentication does
        assert caller(asked) == Caller("u:7", USER)
        assert await acaller(asked) == Caller("u:7", USER)

    async def test_user_who_is_looked_up_in_the_database(self) -> None:
        asked = request()
        asked.user = SimpleLazyObject(async_unsafe(lambda: USER))
        assert (await acaller(asked)).owner == "u:7"

    async def test_session_of_a_stranger(self) -> None:
        for user in (None, AnonymousUser()):
            with self.subTest(user=user):
                await self.assert_caller(
                    Caller("s:token", None), user=user, session=session_of("token")
                )

    async def test_session_that_is_not_loaded_yet(self) -> None:
        engine = type(session_of(None))
        for ask in (caller, acaller):
            stored = session_of("token")
            found = ask(request(session=engine(stored.session_key)))
            assert (found if isinstance(found, Caller) else await found).owner == "s:token"

    async def test_session_without_a_token(self) -> None:
        session = session_of("token")
        del session[SESSION_OWNER_KEY]
        await self.assert_caller(Caller("", None), user=AnonymousUser(), session=session)

    async def test_new_session_is_not_even_loaded(self) -> None:
        session = session_of(None, "db")  # which no simple test may ask
        await self.assert_caller(Caller("", None), user=AnonymousUser(), session=session)
        assert not hasattr(session, "_session_cache")

    async def test_neither_session_nor_user(self) -> None:
        await self.assert_caller(Caller("", None))


def sync_rule(request: HttpRequest) -> bool:
    return "key" in request.headers


async def async_rule(request: HttpRequest) -> bool:
    return sync_rule(request)


class CallableRule:
    def __call__(self, request: HttpRequest) -> bool:
        return sync_rule(request)


class RuleTests(SimpleTestCase):
    async def allowed(self, rule: Any, **made: Any) -> bool:
        with override_settings(MINDWAVE={"CHAT": {"ACCESS": rule}}):
            try:
                await require_access(request(**made))
            except (AuthenticationRequired, PermissionDenied):
                return False
        return True

    async def test_own_rules_of_every_kind(self) -> None:
        rules: list[str | Callable[..., Any]] = [
            sync_rule,
            async_rule,
            f"{__name__}.sync_rule",
            f"{__name__}.async_rule",
            CallableRule(),
            functools.partial(async_rule),
        ]
        for rule in rules:
            with self.subTest(rule=rule):
                assert await self.allowed(rule, headers={"Key": "1"})
                assert not await self.allowed(rule)

    async def test_sync_rule_that_looks_the_user_up_in_the_database(self) -> None:
        for is_staff in (True, False):
            user = SimpleNamespace(pk=7, is_authenticated=True, is_staff=is_staff)
            asked = request()
            asked.user = SimpleLazyObject(async_unsafe(lambda: user))  # noqa: B023
            with override_settings(MINDWAVE={"CHAT": {"ACCESS": lambda r: r.user.is_staff}}):
                if is_staff:
                    await require_access(asked)
                    continue
                with self.assertRaises(PermissionDenied):
                    await require_access(asked)

    async def test_anyone(self) -> None:
        for rule in (anyone, "mindwave_django.access.anyone"):
            assert await self.allowed(rule, user=AnonymousUser())
            assert await self.allowed(rule)

    async def test_authenticated(self) -> None:
        for rule in (authenticated, "mindwave_django.access.authenticated"):
            assert await self.allowed(rule, user=USER)
            assert not await self.allowed(rule, user=AnonymousUser())

    async def test_staff(self) -> None:
        for rule in (staff, "mindwave_django.access.staff"):
            for is_staff, is_active in ((True, True), (True, False), (False, True)):
                user = SimpleNamespace(
                    pk=7, is_authenticated=True, is_staff=is_staff, is_active=is_active
                )
                assert await self.allowed(rule, user=user) == (is_staff and is_active)
            assert not await self.allowed(rule, user=AnonymousUser())
            assert not await self.allowed(rule)

    async def test_permission(self) -> None:
        rule = permission("chat.use_chat")
        for names in (["chat.use_chat"], ["chat.view_chat"], []):
            user = SimpleNamespace(pk=7, is_authenticated=True, has_perm=names.__contains__)
            assert await self.allowed(rule, user=user) == ("chat.use_chat" in names)
        assert not await self.allowed(rule, user=AnonymousUser())
        assert not await self.allowed(rule)
        assert repr(rule) == "permission('chat.use_chat')"

    def test_permission_that_cannot_be_one(self) -> None:
        for name in ("", "chat", ".use_chat", "chat."):
            with self.assertRaisesMessage(ValueError, f"'app_label.codename', got {name!r}."):
                permission(name)

    async def test_authenticated_lets_users_in_whom_the_session_does_not_know(self) -> None:
        asked = request(user=AnonymousUser())
        asked.user = USER  # type: ignore[assignment]
        with override_settings(MINDWAVE={"CHAT": {"ACCESS": authenticated}}):
            await require_access(asked)

    async def test_authenticated_is_the_default(self) -> None:
        with override_settings(MINDWAVE={}):
            await require_access(request(user=USER))
            with self.assertRaises(AuthenticationRequired):
                await require_access(request(user=AnonymousUser()))

    async def test_stranger_who_is_refused_may_log_in(self) -> None:
        for user in (None, AnonymousUser()):
            with (
                self.subTest(user=user),
                override_settings(MINDWAVE={"CHAT": {"ACCESS": sync_rule}}),
                self.assertRaises(AuthenticationRequired),
            ):
                await require_access(request(user=user))

    async def test_user_who_is_refused_is_told_so(self) -> None:
        with (
            override_settings(MINDWAVE={"CHAT": {"ACCESS": sync_rule}}),
            self.assertRaises(PermissionDenied),
        ):
            await require_access(request(user=USER))

    async def test_foreign_page_is_refused_before_the_rule_is_asked(self) -> None:
        asked = []

        def rule(request: HttpRequest) -> bool:
            asked.append(request)
            return True

        assert not await self.allowed(rule, headers={"Sec-Fetch-Site": "cross-site"})
        assert not asked
        assert await self.allowed(rule)
        assert asked

    async def test_authenticated_without_authentication_middleware_lets_nobody_in(self) -> None:
        assert not await self.allowed(authenticated)
