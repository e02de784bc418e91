"""A database that goes away while answers are written, and clocks that are wrong."""

from __future__ import annotations

from typing import Any

from mindwave_django.testing import Gate
from tests.servers.base import eventually
from tests.servers.chat.base import ChatTestCase, answer_of
from tests.servers.chat.person import CONVERSATIONS, Person
from tests.support.databases import POSTGRESQL
from tests.support.postgresql import postgresql
from tests.support.upstream import finish, text

COMPLETE = ("done", {"status": "complete"})


class OutageTests(ChatTestCase):
    """`here` writes, `there` only reads."""

    server_names = ("uvicorn", "uvicorn")
    vendor = POSTGRESQL
    may_log_errors = True

    def setUp(self) -> None:
        self.here, self.there = self.servers
        self.person = Person()
        self.gates = [Gate() for _ in range(3)]
        words = (text(f"{number} ") for number in range(3))
        steps = [step for pair in zip(words, self.gates, strict=True) for step in pair]
        self.upstream.serve_only(*steps, finish())

    def begin(self) -> Any:
        """Have an answer begun here, and its first word saved."""
        posted = self.person.ask(self.here)
        self.reading = self.read(self.person, self.here, posted["stream"])
        self.reading.read_text("0 ")
        eventually(lambda: answer_of(posted).content == "0 ")
        return posted

    def stop_database(self) -> None:
        self.stopped = postgresql()
        self.stopped.stop()
        self.addCleanup(self.start_database)

    def start_database(self) -> None:
        if self.stopped is not None:
            self.stopped.start()
        self.stopped = None

    def told(self, server: Any, what: str) -> None:
        """Wait until the server has logged this since the test began."""
        eventually(lambda: what in server.process.output[self.logged[server] :])

    def run(self, result: Any = None) -> Any:
        self.logged = {server: len(server.process.output) for server in self.servers}
        return super().run(result)

    def test_text_flows_on_and_is_saved_afterwards(self) -> None:
        posted = self.begin()
        self.stop_database()
        self.gates[0].open()
        self.reading.read_text("0 1 ")
        self.told(self.here, "no checkpoint")
        self.gates[1].open()
        self.reading.read_text("0 1 2 ")
        self.start_database()
        eventually(lambda: answer_of(posted).content == "0 1 2 ")
        assert answer_of(posted).state == "streaming"
        self.gates[2].open()
        assert self.reading.read_end() == COMPLETE
        assert answer_of(posted).state == "complete"

    def test_reader_elsewhere_waits_for_the_database(self) -> None:
        posted = self.begin()
        other = self.read(self.person, self.there, posted["stream"])
        other.read_text("0 ")
        self.stop_database()
        self.told(self.there, "its row")
        self.told(self.here, "no checkpoint")
        for gate in self.gates[:2]:
            gate.open()
        self.start_database()
        other.read_text("0 1 2 ")
        self.gates[2].open()
        assert other.read_end() == COMPLETE
        assert self.reading.read_end() == COMPLETE
        assert answer_of(posted).state == "complete"

    def test_end_in_a_short_outage_is_saved(self) -> None:
        posted = self.begin()
        self.stop_database()
        for gate in self.gates:
            gate.open()
        self.reading.read_text("0 1 2 ")
        self.told(self.here, "could not be saved")
        assert not {"done", "failed"} & set(self.reading.names)
        self.start_database()
        assert self.reading.read_end() == COMPLETE
        row = answer_of(posted)
        assert (row.state, row.content) == ("complete", "0 1 2 ")
        self.person.ask(self.there, "Next", posted["conversation"]["id"])

    def test_end_in_a_long_outage_is_logged_and_told(self) -> None:
        posted = self.begin()
        self.stop_database()
        for gate in self.gates:
            gate.open()
        assert self.reading.read_end() == COMPLETE
        assert self.reading.text == "0 1 2 "
        self.told(self.here, "its end could not be saved")
        self.start_database()
        assert answer_of(posted).state == "streaming"
        path = f"{CONVERSATIONS}{posted['conversation']['id']}/"
        eventually(lambda: self.state_at(path) != "streaming")
        assert (self.state_at(path), answer_of(posted).content) == ("interrupted", "0 ")
        self.person.ask(self.there, "Next", posted["conversation"]["id"])

    def state_at(self, path: str) -> str:
        return self.person.send(self.there, "GET", path).json["messages"][1]["state"]


class WrongClockTests(ChatTestCase):
    """A process that is hours behind writes, one that is hours ahead reads."""

    server_names = ()

    def test_leases_go_by_the_clock_of_the_database(self) -> None:
        gate = Gate()
        self.upstream.serve_only(text("Hel"), gate, text("lo"), finish())
        person = Person()
        behind = self.start(CLOCK_OFFSET="-7200")
        ahead = self.start(CLOCK_OFFSET="7200")
        posted = person.ask(behind)
        writing = self.read(person, behind, posted["stream"])
        writing.read_text("Hel")
        reading = self.read(person, ahead, posted["stream"])
        reading.read_text("Hel")
        writing.close()
        # Many leases, and longer than the grace.
        moved = answer_of(posted).reader_seen_at
        eventually(lambda: (answer_of(posted).reader_seen_at - moved).total_seconds() > 3)
        assert answer_of(posted).state == "streaming"
        path = f"{CONVERSATIONS}{posted['conversation']['id']}/"
        shown = person.send(ahead, "GET", path).json["messages"][1]
        assert shown["state"] == "streaming"
        refused = person.post(ahead, "/mindwave/messages/", {"prompt": "Next"} | in_(posted))
        assert refused.status == 409
        gate.open()
        assert reading.read_end() == COMPLETE
        assert reading.text == "Hello"
        assert answer_of(posted).state == "complete"


def in_(posted: Any) -> dict[str, str]:
    return {"conversation": posted["conversation"]["id"]}
