"""A text that grows, and positions in it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

from django.test import SimpleTestCase

from mindwave_django.events import Ended, Outcome
from mindwave_django.exceptions import AnswerTooLarge
from mindwave_django.streaming.answer import Answer, Piece, Position


def mixed() -> Answer:
    """Return reasoning, text, reasoning, text."""
    answer = Answer("s")
    answer.append(b"hm", is_reasoning=True)
    answer.append(b", so", is_reasoning=True)
    answer.append("Grüße".encode())
    answer.append(b"wait", is_reasoning=True)
    answer.append(b"!")
    return answer


def joined(pieces: list[Piece]) -> tuple[bytes, bytes]:
    return (
        b"".join(piece.data for piece in pieces if not piece.is_reasoning),
        b"".join(piece.data for piece in pieces if piece.is_reasoning),
    )


def read_to_the_end(answer: Answer) -> list[bytes]:
    """Return the pieces that a reader gets who begins at the start."""
    pieces = answer.read(Position())
    while rest := answer.read(pieces[-1].end):
        pieces += rest
    return [piece.data for piece in pieces]


class AnswerTests(SimpleTestCase):
    def test_an_empty_answer_has_nothing_to_read(self) -> None:
        assert Answer("s").read(Position()) == []

    def test_pieces_of_one_kind_are_read_as_one(self) -> None:
        answer = Answer("s")
        answer.append(b"Hel")
        answer.append(b"lo")
        assert answer.read(Position()) == [Piece(b"Hello", False, Position(5, 0))]

    def test_text_and_reasoning_keep_their_order(self) -> None:
        assert mixed().read(Position()) == [
            Piece(b"hm, so", True, Position(0, 6)),
            Piece("Grüße".encode(), False, Position(7, 6)),
            Piece(b"wait", True, Position(7, 10)),
            Piece(b"!", False, Position(8, 10)),
        ]

    def test_every_position_on_the_way_gives_exactly_the_rest(self) -> None:
        answer = mixed()
        whole = answer.read(Position())
        for number, piece in enumerate(whole):
            assert answer.read(piece.end) == whole[number + 1 :]

    def test_every_byte_offset_gives_exactly_the_rest(self) -> None:
        answer = mixed()
        text, reasoning = joined(answer.read(Position()))
        for t in range(len(text) + 2):
            for r in range(len(reasoning) + 2):
                rest = joined(answer.read(Position(t, r)))
                assert rest == (text[t:], reasoning[r:])

    def test_a_writer_in_another_thread_while_a_step_begins(self) -> None:
        for writes_first in (True, False):
            answer = Answer("s")
            answer.append(b"Hello")

            class Growing(list[Any]):
                """Runs of which the writer begins further ones while a reader looks at them."""

                def __reversed__(self) -> Iterator[Any]:
                    answer._runs = self.copy()  # noqa: B023
                    seen = self.copy()
                    answer.append(b"hm", is_reasoning=True)  # noqa: B023
                    answer.append(b" you")  # noqa: B023
                    return reversed(answer._runs if writes_first else seen)  # noqa: B023

            answer._runs = Growing(answer._runs)
            with self.subTest(writes_first=writes_first):
                assert read_to_the_end(answer) == [b"Hello", b"hm", b" you"]

    def test_a_writer_in_another_thread_between_the_two_halves_of_the_end(self) -> None:
        answer = Answer("s")
        answer.append(b"Hello")

        class Growing(bytearray):
            """Text whose length is looked up before the writer goes on."""

            def __len__(self) -> int:
                answer._text = bytearray(self)
                answer.append(b" you")
                answer.append(b"hm", is_reasoning=True)
                return 5

        answer._text = Growing(answer._text)
        assert read_to_the_end(answer) == [b"Hello you", b"hm"]

    def test_a_reader_does_not_look_at_what_it_has(self) -> None:
        answer = mixed()

        class Counted(list[Any]):
            looked_at = 0

            def __reversed__(self) -> Iterator[Any]:
                for run in self[::-1]:
                    self.looked_at += 1
                    yield run

        runs = answer._runs = Counted(answer._runs)
        assert answer.read(answer.end) == []
        assert runs.looked_at == 1 < len(runs)

    def test_text_and_reasoning_as_a_whole(self) -> None:
        answer = mixed()
        assert (answer.text, answer.reasoning) == ("Grüße!", "hm, sowait")
        assert answer.end == Position(8, 10)
        assert answer.size == 18

    def test_too_much_is_refused_and_not_added(self) -> None:
        answer = Answer("s", max_bytes=4)
        answer.append(b"four")
        with self.assertRaisesMessage(AnswerTooLarge, "The answer exceeds 4 bytes."):
            answer.append(b"!")
        assert answer.text == "four"

    def test_listeners_hear_of_growth_and_of_the_end_until_they_leave(self) -> None:
        answer, heard = Answer("s"), []

        def listener() -> None:
            heard.append(answer.end.text)

        answer.subscribe(listener)
        answer.append(b"a")
        answer.finish(Ended(Outcome.COMPLETED))
        answer.unsubscribe(listener)
        answer.append(b"b")
        assert heard == [1, 1]

    def test_on_idle_is_called_when_the_last_reader_leaves(self) -> None:
        answer, idle = Answer("s"), []

        def one() -> None: ...
        def two() -> None: ...

        answer.on_idle = lambda: idle.append(True)
        answer.subscribe(one)
        answer.subscribe(two)
        answer.unsubscribe(one)
        assert idle == []
        answer.unsubscribe(two)
        assert idle == [True]

    def test_last_reader_at(self) -> None:
        answer = Answer("s")

        def one() -> None: ...

        answer.subscribe(one)
        assert answer.last_reader_at == math.inf
        before = time.time()
        answer.unsubscribe(one)
        assert before <= answer.last_reader_at <= time.time()
        left = answer.last_reader_at
        answer.reader_seen()
        assert answer.last_reader_at >= left
