"""Whose a conversation is: users, strangers with a session, and strangers who log in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.test import AsyncClient, Client, TestCase, override_settings

from mindwave_django.models import ChatMessage, Conversation
from mindwave_django.testing import fake_driver
from tests.asking import chat
from tests.chat.asking import CONVERSATIONS, WithChat
from tests.clients import WithAsyncClient


class OwnerTests(WithChat, TestCase):
    other: Any = None

    def test_user(self) -> None:
        user = self.log_in("ann")
        self.ask_in()
        assert {c.owner for c in Conversation.objects.all()} == {f"u:{user.pk}"}
        assert {m.owner for m in ChatMessage.objects.all()} == {f"u:{user.pk}"}

    def test_stranger_keeps_a_token_that_is_no_session_key(self) -> None:
        self.ask_in()
        self.ask_in()
        owners = {c.owner for c in Conversation.objects.all()}
        assert len(owners) == 1
        owner = owners.pop()
        assert owner.startswith("s:")
        assert self._client().session.session_key not in owner
        assert len(self.ask(CONVERSATIONS).json["conversations"]) == 2

    def test_nobody_else_sees_or_touches_anything(self) -> None:
        with fake_driver("Hello") as driver:
            posted = self.ask_in()
            self.become_somebody_else()
            path = f"{CONVERSATIONS}{posted['conversation']['id']}/"
            assert self.ask(CONVERSATIONS).json["conversations"] == []
            for method in ("get", "patch", "delete"):
                assert self.ask(path, method=method, content_type="application/json").status == 404
            assert self.read(posted).status == 404
            for action in ("cancel", "regenerate"):
                assert self.message(posted, action).status == 404
            edit = self.message(posted, "edit", {"prompt": "x"}, pk=posted["question"]["id"])
            assert edit.status == 404
            assert self.post(conversation=posted["conversation"]["id"]).status == 404
        assert driver.calls == []
        assert ChatMessage.objects.get(role="assistant").state == "pending"

    def test_same_key_of_somebody_else_is_another_key(self) -> None:
        key = {"Idempotency-Key": "1"}
        first = self.post(headers=key).json
        self.become_somebody_else()
        second = self.post(headers=key)
        assert second.status == 201
        assert second.json["message"]["id"] != first["message"]["id"]

    def test_strangers_stay_out_unless_they_are_let_in(self) -> None:
        with chat(ACCESS="mindwave_django.access.authenticated"):
            for refused in (self.post(), self.ask(CONVERSATIONS)):
                assert (refused.status, refused.json["code"]) == (401, "authentication_required")

    @override_settings(
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        ROOT_URLCONF="example.urls",
    )
    def test_stranger_where_there_are_no_sessions(self) -> None:
        refused = self.post()
        assert (refused.status, refused.json["code"]) == (401, "authentication_required")
        assert not Conversation.objects.exists()

    def log_in(self, name: str) -> Any:
        user = get_user_model().objects.create_user(name)
        self._client().force_login(user)
        return user

    def become_somebody_else(self) -> None:
        self._client().cookies.clear()


@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
class AdoptionTests(WithChat, TestCase):
    def test_login_brings_the_conversations_along(self) -> None:
        with fake_driver("Hello"):
            posted = self.ask_in()
            self.read(posted)
            user = self.log_in()
            assert {m.owner for m in ChatMessage.objects.all()} == {f"u:{user.pk}"}
            assert [m["content"] for m in self.conversation(posted)["messages"]] == ["Hi", "Hello"]
            self.ask_in(posted["conversation"]["id"])

    def test_pending_answer_is_adopted_too(self) -> None:
        posted = self.ask_in()
        self.log_in()
        with fake_driver("Hello"):
            assert self.read(posted).text == "Hello"

    def test_next_stranger_in_the_same_browser_has_another_token(self) -> None:
        self.ask_in()
        self.log_in()
        self._client().logout()
        self.ask_in()
        assert len({c.owner for c in Conversation.objects.all()}) == 2

    def test_not_if_it_is_switched_off(self) -> None:
        with chat(ADOPT_ON_LOGIN=False):
            posted = self.ask_in()
            self.log_in()
            assert self.ask(f"{CONVERSATIONS}{posted['conversation']['id']}/").status == 404

    def test_idempotency_key_is_adopted_too(self) -> None:
        key = {"Idempotency-Key": "1"}
        first = self.post(headers=key).json
        self.log_in()
        assert self.post(headers=key).json["message"]["id"] == first["message"]["id"]

    def test_same_idempotency_key_on_both_sides(self) -> None:
        key = {"Idempotency-Key": "1"}
        self.log_in()
        self.post(headers=key)
        self._client().logout()
        self.post(headers=key)
        self.log_in_again()
        assert len(self.ask(CONVERSATIONS).json["conversations"]) == 2

    def log_in(self) -> Any:
        get_user_model().objects.create_user("ann", password="secret")
        return self.log_in_again()

    def log_in_again(self) -> Any:
        assert self._client().login(username="ann", password="secret")
        return get_user_model().objects.get(username="ann")


@override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies")
class SignedCookieTests(AdoptionTests):
    pass


class AsyncOwnerTests(WithAsyncClient, OwnerTests):
    pass


class AsyncAdoptionTests(WithAsyncClient, AdoptionTests):
    pass


class CsrfTests(TestCase):
    """What changes something needs the token; what a foreign page asks for is refused."""

    def test_every_change_needs_the_token(self) -> None:
        client = Client(enforce_csrf_checks=True)
        pk = "7f9a2d9e-2c3f-4f30-9f1f-1f0c7f8f0a11"
        for method, path in (
            ("post", "/mindwave/messages/"),
            ("post", f"/mindwave/messages/{pk}/cancel/"),
            ("post", f"/mindwave/messages/{pk}/regenerate/"),
            ("post", f"/mindwave/messages/{pk}/edit/"),
            ("patch", f"/mindwave/conversations/{pk}/"),
            ("delete", f"/mindwave/conversations/{pk}/"),
        ):
            with self.subTest(path):
                response = getattr(client, method)(path, content_type="application/json")
                assert response.status_code == 403

    async def test_every_change_needs_the_token_under_asgi(self) -> None:
        client = AsyncClient(enforce_csrf_checks=True)
        response = await client.post("/mindwave/messages/", {"prompt": "Hi"})
        assert response.status_code == 403

    def test_foreign_pages_reach_nothing(self) -> None:
        for path in ("/mindwave/conversations/", "/mindwave/messages/"):
            response = self.client.get(path, headers={"Sec-Fetch-Site": "cross-site"})
            assert response.status_code in {403, 405}
        response = self.client.post("/mindwave/messages/", headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 403
