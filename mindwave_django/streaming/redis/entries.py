"""What stands in the Redis stream of an answer, and under which ids.

An entry's id is `<bytes of text>-<n>`: where a reader is who has it. `n` is 0 for text; what else
there is counts on from there, so that ids grow as Redis demands, and an entry that is sent twice
is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from mindwave_django.events import Ended
from mindwave_django.streaming.answer import Answer, Piece, Position
from mindwave_django.streaming.progress import Progress

START, TEXT, REASONING, END = b"s", b"t", b"r", b"e"
KIND, DATA, READ, OWNER, PROCESS, PROGRESS = b"k", b"d", b"n", b"o", b"p", b"f"

START_ID = b"0-1"

_encode = msgspec.json.Encoder().encode
_decode_end = msgspec.json.Decoder(Ended).decode
_decode_progress = msgspec.json.Decoder(Progress).decode

Fields = Mapping[bytes, bytes]
Entry = tuple[bytes, dict[bytes, bytes]]  # id and fields
Entries = list[Entry]


class Start(NamedTuple):
    """The first entry: whose answer it is, and which process writes it."""

    owner: str
    process: str


def start_fields(owner: str, process: str) -> dict[bytes, bytes]:
    """Return the first entry of an answer."""
    return {KIND: START, OWNER: owner.encode(), PROCESS: process.encode()}


def read_start(fields: Fields) -> Start | None:
    """Return what the first entry says; None for an entry that is not the first of an answer."""
    if fields.get(KIND) != START:
        return None
    return Start(fields[OWNER].decode(), fields[PROCESS].decode())


def piece_entry(piece: Piece) -> Entry:
    """Return id and fields of a stretch of text or reasoning."""
    text, reasoning = piece.end
    if piece.is_reasoning:
        return b"%d-%d" % (text, reasoning + 1), {KIND: REASONING, DATA: piece.data}
    fields = {KIND: TEXT, DATA: piece.data}
    if reasoning:
        fields[READ] = b"%d" % reasoning
    return b"%d-0" % text, fields


def end_entry(position: Position, ended: Ended) -> Entry:
    """Return id and fields of the end of an answer, which comes after all at this position."""
    entry_id = b"%d-%d" % (position.text, position.reasoning + 2)
    return entry_id, {KIND: END, READ: b"%d" % position.reasoning, DATA: _encode(ended)}


def add_progress(fields: dict[bytes, bytes], progress: Progress | None) -> None:
    """Let an entry carry the figures of its moment, if there are any."""
    if progress is not None:
        fields[PROGRESS] = _encode(progress)


def progress_of(fields: Fields) -> Progress | None:
    """Return the figures that an entry carries; None if it has none."""
    return _decode_progress(fields[PROGRESS]) if PROGRESS in fields else None


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
    have, other = answer.end.text, answer.end.reasoning
    stop, before = end.text, end.reasoning
    if is_reasoning:
        have, other, stop, before = other, have, before, stop
    if stop - len(data) > have or before > other:
        raise Gap
    if stop > have:
        answer.append(data[have - (stop - len(data)) :], is_reasoning=is_reasoning)
