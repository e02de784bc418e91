"""Two processes on one database: reading, leaving and stopping across them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mindwave_django.models import ChatMessage
from mindwave_django.testing import Gate
from tests.servers.base import eventually
from tests.servers.chat.base import ChatTestCase, answer_of
from tests.servers.chat.person import MESSAGES, Person
from tests.support.databases import POSTGRESQL
from tests.support.settings_chat import STREAMING
from tests.support.upstream import Hang, finish, text

GRACE = timedelta(seconds=STREAMING["RECONNECT_GRACE"])
BY_USER = ("done", {"status": "cancelled", "reason": "user"})


class PairTestCase(ChatTestCase):
    """`here` is where an answer is written, `there` is another process."""

    server_names = ("uvicorn", "uvicorn")

    def setUp(self) -> None:
        self.here, self.there = self.servers
        self.person = Person()

    def cancel(self, server: Any, posted: Any) -> Any:
        reply = self.person.post(server, f"{MESSAGES}{posted['message']['id']}/cancel/")
        assert reply.status == 200
        return reply.json["message"]

    def begin(self) -> Any:
        """Have an answer begun here, and read the first word of it."""
        posted = self.person.ask(self.there)
        self.reading = self.read(self.person, self.here, posted["stream"])
        self.reading.read_text("Hel")
        return posted


class Leaving:
    """A reader who leaves, and one who only moves."""

    def test_reader_elsewhere_keeps_the_answer_alive(self) -> None:
        gate = Gate()
        self.upstream.serve_only(text("Hel"), gate, text("lo"), finish())
        posted = self.begin()
        second = self.read(self.person, self.there, posted["stream"], self.reading.last_id)
        self.reading.close()
        moved = answer_of(posted).reader_seen_at
        eventually(lambda: answer_of(posted).reader_seen_at > moved + 2 * GRACE)
        assert answer_of(posted).state == "streaming"
        assert self.upstream.open_streams == 1
        gate.open()
        assert second.read_end() == ("done", {"status": "complete"})
        assert second.text == "lo"
        assert answer_of(posted).content == "Hello"
        assert len(self.upstream.requests) == 1

    def test_nobody_anywhere_ends_the_answer_after_the_grace(self) -> None:
        self.upstream.serve_only(text("Hel"), Hang())
        posted = self.begin()
        second = self.read(self.person, self.there, posted["stream"], self.reading.last_id)
        second.read_until(lambda reading: reading.names == ["start"])
        self.reading.close()
        second.close()
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
        eventually(lambda: answer_of(posted).state == "cancelled")
        row = answer_of(posted)
        assert (row.content, row.cancel_reason) == ("Hel", "no_reader")
        assert row.ended_at >= row.reader_seen_at + GRACE


class Stopping:
    """A person who stops an answer that another process writes."""

    def test_stop_there_what_is_written_here(self) -> None:
        self.upstream.serve_only(text("Hel"), Hang())
        posted = self.begin()
        second = self.read(self.person, self.there, posted["stream"])
        assert self.cancel(self.there, posted)["state"] == "streaming"
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
        assert self.reading.read_end() == BY_USER
        assert second.read_end() == BY_USER
        assert (self.reading.text, second.text) == ("Hel", "Hel")
        row = answer_of(posted)
        assert (row.state, row.cancel_reason, row.content) == ("cancelled", "user", "Hel")
        self.person.ask(self.there, "Next", posted["conversation"]["id"])

    def test_delete_there_what_is_written_here(self) -> None:
        self.upstream.serve_only(text("Hel"), Hang())
        posted = self.begin()
        second = self.read(self.person, self.there, posted["stream"])
        second.read_until(lambda reading: reading.names == ["start"])
        path = f"/mindwave/conversations/{posted['conversation']['id']}/"
        assert self.person.send(self.there, "DELETE", path).status == 204
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
        assert self.reading.read_end()[1]["code"] == "interrupted"
        assert second.read_end()[1]["code"] == "stream_expired"
        assert not ChatMessage.objects.filter(pk=posted["message"]["id"]).exists()


class PairTests(Leaving, Stopping, PairTestCase):
    may_log_errors = True  # a row that is gone is one


class PairPostgreSQLTests(Leaving, Stopping, PairTestCase):
    vendor = POSTGRESQL
    may_log_errors = True


class SlowCheckpointTests(PairTestCase):
    """Checkpoints are too far apart to have anything to do with it."""

    env = {"CHAT_OPTIONS": '{"CHECKPOINT_INTERVAL": 3600}'}

    def test_stop_here_what_is_written_here(self) -> None:
        self.upstream.serve_only(text("Hel"), Hang())
        posted = self.begin()
        self.cancel(self.here, posted)
        self.upstream.wait_until(lambda: self.upstream.open_streams == 0)
        assert self.reading.read_end() == BY_USER
        row = answer_of(posted)
        assert (row.state, row.cancel_reason, row.content) == ("cancelled", "user", "Hel")
        self.person.ask(self.here, "Next", posted["conversation"]["id"])


class UnreadTests(PairTestCase):
    """An answer to which nobody comes."""

    env = {"CHAT_OPTIONS": '{"PENDING_TIMEOUT": 1.5}'}

    def test_unread_answer_does_not_block_its_conversation(self) -> None:
        self.upstream.serve_only(text("Hello"), finish())
        unread = self.person.ask(self.here)
        data = {"prompt": "Next", "conversation": unread["conversation"]["id"]}
        refused = self.person.post(self.there, MESSAGES, data)
        assert (refused.status, refused.json["code"]) == (409, "conversation_busy")
        eventually(lambda: self.taken(data))
        row = answer_of(unread)
        assert (row.state, row.cancel_reason, row.content) == ("cancelled", "no_reader", "")
        assert row.ended_at >= row.created_at + timedelta(seconds=1.5)
        late = self.read(self.person, self.there, unread["stream"])
        assert late.read_end() == ("done", {"status": "cancelled", "reason": "no_reader"})
        assert self.upstream.requests == []

    def taken(self, data: Any) -> bool:
        reply = self.person.post(self.there, MESSAGES, data)
        assert reply.status in {201, 409}
        return reply.status == 201
