"""Who a conversation belongs to, by sessions in the database and by signed cookies."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.test import override_settings

from mindwave_django.access import user_owner
from mindwave_django.models import Conversation
from mindwave_django.testing import Gate
from tests.servers.chat.base import ChatTestCase
from tests.servers.chat.person import CONVERSATIONS, MESSAGES, Person
from tests.support.databases import POSTGRESQL
from tests.support.settings_chat import PASSWORD_HASHERS
from tests.support.upstream import finish, text

NAME, PASSWORD = "ann", "secret"


class Sessions(ChatTestCase):
    """An ASGI and a WSGI server; whoever asked one of them is known to the other."""

    server_names = ("uvicorn", "gunicorn-gthread")

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        with override_settings(PASSWORD_HASHERS=PASSWORD_HASHERS):
            User.objects.create_superuser(NAME, password=PASSWORD)

    def setUp(self) -> None:
        self.here, self.there = self.servers
        self.upstream.serve_only(text("Hello"), finish())
        self.person = Person()

    def asked(self) -> Any:
        """Ask here, and read the whole answer there."""
        posted = self.person.ask(self.here)
        self.read(self.person, self.there, posted["stream"]).read_end()
        return posted

    def conversations(self, person: Person) -> list[str]:
        listed = person.send(self.there, "GET", CONVERSATIONS).json
        return [each["id"] for each in listed["conversations"]]

    def test_strangers_see_only_their_own(self) -> None:
        posted = self.asked()
        wanted, stranger = [posted["conversation"]["id"]], Person()
        assert self.conversations(self.person) == wanted
        assert self.conversations(stranger) == []
        path = f"{MESSAGES}{posted['message']['id']}/"
        assert self.person.read(self.there, f"{path}stream/").status == 200
        assert stranger.read(self.there, f"{path}stream/").status == 404
        assert stranger.post(self.there, f"{path}cancel/").status == 404

    def test_conversation_is_adopted_at_the_login(self) -> None:
        posted = self.asked()
        self.person.log_in(self.there, NAME, PASSWORD)
        row = Conversation.objects.get(pk=posted["conversation"]["id"])
        assert row.owner == user_owner(User.objects.get())
        assert str(row.pk) in self.conversations(self.person)
        self.person.ask(self.here, "Next", posted["conversation"]["id"])

        other_browser = Person()
        other_browser.log_in(self.here, NAME, PASSWORD)
        assert str(row.pk) in self.conversations(other_browser)

    def test_login_in_the_middle_of_an_answer(self) -> None:
        gate = Gate()
        self.upstream.serve_only(text("Hel"), gate, text("lo"), finish())
        posted = self.person.ask(self.here)
        reading = self.read(self.person, self.here, posted["stream"])
        reading.read_text("Hel")
        self.person.log_in(self.there, NAME, PASSWORD)
        after = self.read(self.person, self.there, posted["stream"], reading.last_id)
        gate.open()
        assert after.read_end() == reading.read_end() == ("done", {"status": "complete"})
        assert after.text == "lo"
        assert len(self.upstream.requests) == 1


class DatabaseSessionTests(Sessions):
    pass


class SignedCookieTests(Sessions):
    vendor = POSTGRESQL
    env = {"SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies"}


del Sessions
