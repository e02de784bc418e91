"""Which messages fit a model's context: each boundary."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

from django.test import SimpleTestCase, TestCase, override_settings

from mindwave_django.events import UsageSource
from mindwave_django.history import (
    CONTEXT_WINDOWS,
    PAGE,
    REPLY_OVERHEAD,
    context_window,
    fit,
    messages_for,
)
from mindwave_django.messages import Message, Role
from mindwave_django.models import ChatMessage, Conversation, MessageState
from mindwave_django.tokens import MESSAGE_OVERHEAD

FRAME = MESSAGE_OVERHEAD
QUESTION = Message(Role.USER, "q" * 10)
SYSTEM = Message(Role.SYSTEM, "s" * 5)


def turn(role: str, size: int) -> Message:
    return Message(Role(role), role[0] * size)


class FitTests(SimpleTestCase):
    def setUp(self) -> None:
        # One character is one token here.
        counter = mock.patch(
            "mindwave_django.history.counter_for", return_value=(len, UsageSource.TOKENIZER)
        )
        self.enterContext(counter)

    def fit(self, budget: int, *earlier: Message, system: bool = False) -> list[Message]:
        ends = [SYSTEM] if system else []
        newest_first = reversed(earlier)
        return fit(ends, newest_first, QUESTION, model="m", budget=budget)

    def cost(self, *messages: Message) -> int:
        return REPLY_OVERHEAD + sum(len(m.content) + FRAME for m in messages)

    def test_nothing_earlier(self) -> None:
        assert self.fit(1000) == [QUESTION]

    def test_exactly_what_fits(self) -> None:
        pair = (turn("user", 20), turn("assistant", 30))
        budget = self.cost(*pair, QUESTION)
        assert self.fit(budget, *pair) == [*pair, QUESTION]

    def test_one_token_less(self) -> None:
        pair = (turn("user", 20), turn("assistant", 30))
        budget = self.cost(*pair, QUESTION) - 1
        assert self.fit(budget, *pair) == [QUESTION]

    def test_system_prompt_takes_its_part(self) -> None:
        pair = (turn("user", 20), turn("assistant", 30))
        budget = self.cost(SYSTEM, *pair, QUESTION)
        assert self.fit(budget, *pair, system=True) == [SYSTEM, *pair, QUESTION]
        assert self.fit(budget - 1, *pair, system=True) == [SYSTEM, QUESTION]

    def test_latest_come_first(self) -> None:
        old = (turn("user", 1), turn("assistant", 1))
        new = (turn("user", 20), turn("assistant", 30))
        assert self.fit(self.cost(*new, QUESTION), *old, *new) == [*new, QUESTION]

    def test_no_gaps(self) -> None:
        small = (turn("user", 1), turn("assistant", 1))
        large = (turn("user", 1), turn("assistant", 500))
        assert self.fit(100, *small, *large) == [QUESTION]

    def test_it_begins_with_a_question(self) -> None:
        old = (turn("user", 100), turn("assistant", 10))
        new = (turn("user", 20), turn("assistant", 30))
        budget = self.cost(old[1], *new, QUESTION)
        assert self.fit(budget, *old, *new) == [*new, QUESTION]

    def test_both_ends_stay_where_nothing_fits(self) -> None:
        for budget in (0, -5):
            assert self.fit(budget, turn("user", 1), system=True) == [SYSTEM, QUESTION]

    def test_reads_no_further_than_it_fits(self) -> None:
        read = []

        def earlier() -> Iterator[Message]:
            for number in range(100):
                read.append(number)
                yield turn("user", 50)

        fit([], earlier(), QUESTION, model="m", budget=self.cost(turn("user", 50), QUESTION))
        assert read == [0, 1]


class ContextWindowTests(SimpleTestCase):
    def test_longest_beginning_counts(self) -> None:
        assert context_window("gpt-4") == 8_192
        assert context_window("gpt-4o-mini") == 128_000
        assert context_window("gpt-4.1-mini-2025-04-14") == CONTEXT_WINDOWS["gpt-4.1"]

    def test_unknown_model(self) -> None:
        assert context_window("abacus") == context_window("") == CONTEXT_WINDOWS[""]

    def test_settings_come_first(self) -> None:
        windows = {"gpt-4o": 7, "abacus": 8, "": 9}
        with override_settings(MINDWAVE={"CHAT": {"CONTEXT_WINDOWS": windows}}):
            assert [context_window(m) for m in ("gpt-4o", "gpt-4o-mini", "abacus-2", "zzz")] == [
                *(7, 7, 8, 9),
            ]
            assert context_window("gpt-4") == 8_192


class MessagesForTests(TestCase):
    def setUp(self) -> None:
        self.conversation = Conversation.objects.create(owner="u:1", title="T")
        self.count = 0

    def add(self, role: str, content: str, **fields: object) -> ChatMessage:
        self.count += 1
        return ChatMessage.objects.create(
            conversation=self.conversation,
            owner="u:1",
            position=self.count,
            role=role,
            content=content,
            **fields,
        )

    def shown(self, reserved: int = 100) -> list[tuple[str, str]]:
        question = self.add("user", "Now?")
        answer = self.add("assistant", "", state=MessageState.FAILED, reply_to=question)
        found = messages_for(answer, model="gpt-4o", reserved=reserved)
        return [(str(m.role), m.content) for m in found]

    def test_cancelled_and_broken_answers_stay_what_they_are(self) -> None:
        self.add("user", "One?")
        self.add("assistant", "Half an", state=MessageState.CANCELLED, cancel_reason="user")
        self.add("user", "Two?")
        self.add("assistant", "Quarter", state=MessageState.INTERRUPTED)
        assert self.shown() == [
            ("user", "One?"),
            ("assistant", "Half an"),
            ("user", "Two?"),
            ("assistant", "Quarter"),
            ("user", "Now?"),
        ]

    def test_all_of_a_long_conversation_in_order(self) -> None:
        # Exactly one page of messages, exactly two, and two with some left.
        for turns in (PAGE // 2, PAGE, PAGE + 1):
            with self.subTest(turns=turns):
                self.setUp()
                said = [(role, f"{n}") for n in range(turns) for role in ("user", "assistant")]
                for role, content in said:
                    self.add(role, content)
                assert self.shown() == [*said, ("user", "Now?")]

    def test_what_is_left_out_does_not_end_the_reading(self) -> None:
        self.add("user", "One?")
        for _ in range(2 * PAGE):
            self.add("assistant", "", state=MessageState.FAILED)
        assert self.shown() == [("user", "One?"), ("user", "Now?")]

    def test_before_the_first_question_nobody_looks(self) -> None:
        self.count = -1
        with self.assertNumQueries(2):  # of `shown` itself
            assert self.shown() == [("user", "Now?")]

    def test_answers_without_text_are_left_out(self) -> None:
        self.add("user", "One?")
        self.add("assistant", "", state=MessageState.FAILED)
        assert self.shown() == [("user", "One?"), ("user", "Now?")]

    def test_replaced_siblings_are_left_out(self) -> None:
        self.add("user", "One?")
        new = self.add("assistant", "New")
        self.add("assistant", "Old", replaced_by=new)
        assert self.shown() == [("user", "One?"), ("assistant", "New"), ("user", "Now?")]

    def test_system_prompt(self) -> None:
        with override_settings(MINDWAVE={"CHAT": {"SYSTEM_PROMPT": "Be brief."}}):
            assert self.shown() == [("system", "Be brief."), ("user", "Now?")]

    def test_room_for_the_answer_is_kept(self) -> None:
        self.add("user", "One? " * 100)
        self.add("assistant", "Long " * 100)
        windows = {"CHAT": {"CONTEXT_WINDOWS": {"gpt-4o": 1000}}}
        with override_settings(MINDWAVE=windows):
            assert len(self.shown(reserved=500)) == 3
            assert len(self.shown(reserved=900)) == 2

    def test_other_conversations_are_none_of_it(self) -> None:
        other = Conversation.objects.create(owner="u:1", title="T")
        ChatMessage.objects.create(
            conversation=other, owner="u:1", position=0, role="user", content="Secret"
        )
        assert self.shown() == [("user", "Now?")]
