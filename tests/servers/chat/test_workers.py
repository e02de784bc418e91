"""Several processes without anything between them but the database."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from mindwave_django.models import ChatMessage
from mindwave_django.testing import Gate
from tests.servers.chat.base import ChatTestCase, answer_of, together
from tests.servers.chat.person import MESSAGES, Person
from tests.support.databases import POSTGRESQL
from tests.support.upstream import finish, text

TOKENS = ["Grüße", " 😀,\n", "\nworld", "!"]
LONG = 25  # rounds in one conversation


class Moving:
    """A question to one process, its answer from a second, and the rest from a third."""

    def test_three_processes(self) -> None:
        gates = [Gate() for _ in TOKENS]
        steps = [step for pair in zip(map(text, TOKENS), gates, strict=True) for step in pair]
        self.upstream.serve_only(*steps, finish())
        person = Person()
        asked = person.post(self.servers[0], MESSAGES, {"prompt": "Hi"})
        writer = self.elsewhere(person, asked.process)
        first = person.read_on(writer, asked.json["stream"])
        first.read_text(TOKENS[0])
        gates[0].open()
        first.read_text("".join(TOKENS[:2]))
        first.close()
        third = self.elsewhere(person, asked.process, first.process)
        second = person.read_on(third, asked.json["stream"], first.last_id)
        for gate in gates[1:]:
            gate.open()
        assert second.read_end() == ("done", {"status": "complete"})
        assert len({asked.process, first.process, second.process}) == 3
        assert first.text + second.text == "".join(TOKENS)
        assert second.stream_id == first.stream_id
        self.assert_everywhere(person, asked.json, "".join(TOKENS))

    def assert_everywhere(self, person: Person, posted: Any, expected: str) -> None:
        assert (answer_of(posted).content, answer_of(posted).state) == (expected, "complete")
        for _ in range(6):
            again = person.read(self.servers[0], posted["stream"])
            assert again.read_end() == ("done", {"status": "complete"})
            assert again.text == expected
            again.close()
        assert len(self.upstream.requests) == 1


class Crowd:
    """Many who want the same at the same time."""

    def test_twenty_readers_of_a_pending_answer(self) -> None:
        gate = Gate()
        self.upstream.serve_only(text("Hello"), gate, text(" world"), finish())
        person = Person()
        posted = person.ask(self.servers[0])

        def read(number: int) -> Any:
            return self.read(person, self.server(number), posted["stream"])

        readings = together(20, read)
        gate.open()
        for reading in readings:
            assert reading.read_end() == ("done", {"status": "complete"})
            assert reading.text == "Hello world"
        assert len({reading.process for reading in readings}) > 1
        assert len(self.upstream.requests) == 1

    def test_twenty_questions_in_one_conversation(self) -> None:
        self.upstream.serve_only(text("Hello"), finish())
        person, conversation = self.conversation()
        replies = together(20, lambda number: self.post(person, number, conversation=conversation))
        assert sorted(reply.status for reply in replies) == [201] + [409] * 19
        codes = {reply.json["code"] for reply in replies if reply.status == 409}
        assert codes == {"conversation_busy"}
        assert ChatMessage.objects.filter(conversation=conversation).count() == 4

    def test_same_key_in_a_new_conversation(self) -> None:
        person, _ = self.conversation()
        self.assert_once(person, MESSAGES, {"prompt": "Once"})

    def test_same_key_in_a_conversation(self) -> None:
        person, conversation = self.conversation()
        self.assert_once(person, MESSAGES, {"prompt": "Once", "conversation": conversation})

    def test_same_key_to_regenerate(self) -> None:
        person, conversation = self.conversation()
        answer = ChatMessage.objects.get(conversation=conversation, role="assistant")
        path = f"{MESSAGES}{answer.pk}/regenerate/"
        self.assert_once(person, path, {})

    def test_same_key_to_edit(self) -> None:
        person, conversation = self.conversation()
        question = ChatMessage.objects.get(conversation=conversation, role="user")
        self.assert_once(person, f"{MESSAGES}{question.pk}/edit/", {"prompt": "Better"})

    def assert_once(self, person: Person, path: str, data: Any) -> None:
        """Post ten times at once, then once more, then something else with the same key."""
        before, key = ChatMessage.objects.count(), str(uuid4())
        replies = together(10, lambda number: person.post(self.server(number), path, data, key=key))
        assert [reply.status for reply in replies] == [201] * 10, replies
        assert len({reply.body for reply in replies}) == 1
        assert len({reply.process for reply in replies}) > 1
        after = ChatMessage.objects.count()
        assert after == before + (1 if path.endswith("/regenerate/") else 2)
        again = person.post(self.server(1), path, data, key=key)
        assert (again.status, again.body) == (201, replies[0].body)
        other = person.post(self.server(2), MESSAGES, {"prompt": "Other"}, key=key)
        assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")
        assert ChatMessage.objects.count() == after

    def conversation(self) -> tuple[Person, str]:
        """Return somebody who has had an answer, and its conversation."""
        self.upstream.serve_only(text("Hello"), finish())
        person = Person()
        posted = person.ask(self.servers[0])
        person.read(self.servers[0], posted["stream"]).read_end()
        return person, posted["conversation"]["id"]

    def post(self, person: Person, number: int, **data: Any) -> Any:
        return person.post(self.server(number), MESSAGES, {"prompt": f"Hi {number}"} | data)

    def server(self, number: int) -> Any:
        return self.servers[number % len(self.servers)]


class AtOnce:
    """Whoever saw the end can ask again, wherever."""

    rounds = 50

    def test_next_question_at_once(self) -> None:
        self.upstream.serve_only(text("Yes"), text("."), finish())
        person, conversation = Person(), None
        for number in range(self.rounds):
            conversation = conversation if number % LONG else None
            here, there = (self.servers[(number + shift) % len(self.servers)] for shift in (0, 1))
            posted = person.ask(here, f"Question {number}", conversation)
            conversation = posted["conversation"]["id"]
            reading = self.read(person, there, posted["stream"])
            assert reading.read_end() == ("done", {"status": "complete"})
            assert reading.text == "Yes."
        assert len(self.upstream.requests) == self.rounds
        assert ChatMessage.objects.filter(state="complete", content="Yes.").count() == self.rounds


class Workers(Moving, Crowd, AtOnce):
    pass


class UvicornTests(Workers, ChatTestCase):
    server_names = ("uvicorn", "uvicorn", "uvicorn")


class UvicornPostgreSQLTests(Workers, ChatTestCase):
    server_names = ("uvicorn", "uvicorn", "uvicorn")
    vendor = POSTGRESQL
    rounds = 200


class GunicornGthreadTests(Workers, ChatTestCase):
    server_names = ("gunicorn-gthread-3",)


class GunicornGthreadPostgreSQLTests(Workers, ChatTestCase):
    server_names = ("gunicorn-gthread-3",)
    vendor = POSTGRESQL


class GunicornUvicornTests(Moving, Crowd, ChatTestCase):
    server_names = ("gunicorn-uvicorn-3",)


class GunicornUvicornPostgreSQLTests(Moving, ChatTestCase):
    server_names = ("gunicorn-uvicorn-3",)
    vendor = POSTGRESQL
