"""What stands in the Redis stream of an answer, and under which ids.

An entry's id is `<bytes of text>-<n>`: where a reader is who has it. `n` is 0 for text; what else
there is counts on from there, so that ids grow as Redis demands, and an entry that is sent twice
is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from mindwave_django.events import Ended
from mindwave_django.streaming.answer import Answer, Piece, Position

START, TEXT, REASONING, END = b"s", b"t", b"r", b"e"
KIND, DATA, READ, OWNER, PROCESS = b"k", b"d", b"n", b"o", b"p"

START_ID = b"0-1"

_encode = msgspec.json.Encoder().encode
_decode_end = msgspec.json.Decoder(Ended).decode

Fields = Mapping[bytes, bytes]


class Start(NamedTuple):
    """The first entry: whose answer it is, and which process writes it."""

    owner: str
    process: str


def start_fields(owner: str, process: str) -> dict[bytes, bytes]:
    """Return the first entry of an answer."""
    return {KIND: START, OWNER: owner.encode(), PROCESS: process.encode()}


def read_start(fields: Fields) -> Start:
    """Return what the first entry says."""
    return Start(fields[OWNER].decode(), fields[PROCESS].decode())


def piece_entry(piece: Piece) -> tuple[bytes, dict[bytes, bytes]]:
    """Return id and fields of a stretch of text or reasoning."""
    text, reasoning = piece.end
    if piece.is_reasoning:
        return b"%d-%d" % (text, reasoning + 1), {KIND: REASONING, DATA: piece.data}
    fields = {KIND: TEXT, DATA: piece.data}
    if reasoning:
        fields[READ] = b"%d" % reasoning
    return b"%d-0" % text, fields


def end_entry(position: Position, ended: Ended) -> tuple[bytes, dict[bytes, bytes]]:
    """Return id and fields of the end of an answer, which comes after all at this position."""
    entry_id = b"%d-%d" % (position.text, position.reasoning + 2)
    return entry_id, {KIND: END, READ: b"%d" % position.reasoning, DATA: _encode(ended)}


def new_entries(answer: Answer, position: Position) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    """Yield what an answer has after a position: stretches, not the end."""
    return map(piece_entry, answer.read(position))


def position_of(entry_id: bytes, fields: Fields) -> Position:
    """Return where a reader is who has this entry."""
    text, number = map(int, entry_id.split(b"-"))
    if fields[KIND] == REASONING:
        return Position(text, number - 1)
    return Position(text, int(fields.get(READ, b"0")))


class Gap(Exception):
    """Something is missing between what a reader has and this entry."""


def apply(answer: Answer, entry_id: bytes, fields: Fields) -> None:
    """Add an entry to a copy of the answer; what it has already is left out.

    Raises Gap if entries before this one are missing.
    """
    kind, data = fields[KIND], fields.get(DATA, b"")
    if kind == START or answer.ended is not None:
        return
    end = position_of(entry_id, fields)
    if kind == END:
        if answer.end != end:
            raise Gap
        answer.finish(_decode_end(data))
        return
    is_reasoning = kind == REASONING
    have = answer.end.reasoning if is_reasoning else answer.end.text
    stop = end.reasoning if is_reasoning else end.text
    if stop - len(data) > have:
        raise Gap
    if stop > have:
        answer.append(data[have - (stop - len(data)) :], is_reasoning=is_reasoning)
