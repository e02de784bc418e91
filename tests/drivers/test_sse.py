"""The decoder of provider events: the same events however the network cuts them."""

from __future__ import annotations

from unittest import mock

from django.test import SimpleTestCase

from mindwave_django.drivers.sse import EventDecoder, ProviderEvent
from mindwave_django.exceptions import ProviderProtocolError

# Each with LF; the same has to hold for CR and CRLF.
BODIES: dict[str, tuple[bytes, list[ProviderEvent]]] = {
    "one event": (b"data: a\n\n", [ProviderEvent(b"", b"a")]),
    "two events": (
        b"data: a\n\ndata: b\n\n",
        [ProviderEvent(b"", b"a"), ProviderEvent(b"", b"b")],
    ),
    "named event": (b"event: error\ndata: a\n\n", [ProviderEvent(b"error", b"a")]),
    "name of one event only": (
        b"event: x\ndata: a\n\ndata: b\n\n",
        [ProviderEvent(b"x", b"a"), ProviderEvent(b"", b"b")],
    ),
    "name without data": (b"event: x\n\ndata: a\n\n", [ProviderEvent(b"", b"a")]),
    "last name wins": (b"event: x\nevent: y\ndata: a\n\n", [ProviderEvent(b"y", b"a")]),
    "lines of data": (b"data: a\ndata: b\ndata:\n\n", [ProviderEvent(b"", b"a\nb\n")]),
    "empty data": (b"data\n\ndata:\n\n", [ProviderEvent(b"", b""), ProviderEvent(b"", b"")]),
    "no space": (b"data:a\n\n", [ProviderEvent(b"", b"a")]),
    "two spaces": (b"data:  a\n\n", [ProviderEvent(b"", b" a")]),
    "colons": (b"data: a:b: c\n\n", [ProviderEvent(b"", b"a:b: c")]),
    "comments": (b": ping\n\n:\ndata: a\n: pong\n\n", [ProviderEvent(b"", b"a")]),
    "other fields": (b"id: 1\nretry: 5\nDATA: no\ndata: a\n\n", [ProviderEvent(b"", b"a")]),
    "byte order mark": (b"\xef\xbb\xbfdata: a\n\n", [ProviderEvent(b"", b"a")]),
    "mark in the middle": (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [ProviderEvent(b"", b"a")]),
    "empty lines first": (b"\n\n\ndata: a\n\n\n\n", [ProviderEvent(b"", b"a")]),
    "unfinished event": (b"data: a\n\ndata: b\n", [ProviderEvent(b"", b"a")]),
    "unfinished line": (b"data: a\n\ndata: b", [ProviderEvent(b"", b"a")]),
    "nothing": (b"", []),
    "characters": ("data: ü🌍\n\n".encode(), [ProviderEvent(b"", "ü🌍".encode())]),
    "other line separators": (
        b"data: a\x0b\x0c\x1c\x85\xe2\x80\xa8b\n\n",
        [ProviderEvent(b"", b"a\x0b\x0c\x1c\x85\xe2\x80\xa8b")],
    ),
}


def decode(body: bytes, size: int) -> list[ProviderEvent]:
    decoder = EventDecoder()
    return [
        event
        for start in range(0, len(body), size)
        for event in decoder.feed(body[start : start + size])
    ]


class CuttingTests(SimpleTestCase):
    def test_same_events_for_every_line_end_and_cut(self) -> None:
        for name, (body, events) in BODIES.items():
            for line_end in (b"\n", b"\r", b"\r\n"):
                sent = body.replace(b"\n", line_end)
                for size in (1, 2, 3, max(len(sent), 1)):
                    with self.subTest(name, line_end=line_end, size=size):
                        assert decode(sent, size) == events

    def test_mixed_line_ends(self) -> None:
        body = b"data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\rdata: e\n\n"
        expected = [ProviderEvent(b"", data) for data in (b"a\nb\nc", b"d", b"e")]
        for size in (1, 2, 3, len(body)):
            with self.subTest(size=size):
                assert decode(body, size) == expected

    def test_empty_chunk_between_the_halves_of_a_line_end(self) -> None:
        decoder = EventDecoder()
        parts = (b"data: a\r", b"", b"\ndata: b\r\n\r", b"", b"\n")
        events = [event for part in parts for event in decoder.feed(part)]
        assert events == [ProviderEvent(b"", b"a\nb")]

    def test_event_is_given_with_the_chunk_that_completes_it(self) -> None:
        decoder = EventDecoder()
        assert decoder.feed(b"data: a\r") == []
        assert decoder.feed(b"\r") == [ProviderEvent(b"", b"a")]


@mock.patch("mindwave_django.drivers.sse.MAX_EVENT_BYTES", 100)
class SizeTests(SimpleTestCase):
    def feed(self, part: bytes, times: int) -> list[ProviderEvent]:
        decoder = EventDecoder()
        return [event for _ in range(times) for event in decoder.feed(part)]

    def test_endless_line(self) -> None:
        with self.assertRaisesMessage(ProviderProtocolError, "An event exceeds 100 bytes."):
            self.feed(b"x", 102)

    def test_endless_lines_of_data(self) -> None:
        for line in (b"data: xxxxxxxxx\n", b"data:\n"):
            with self.subTest(line), self.assertRaises(ProviderProtocolError):
                self.feed(line, 102)

    def test_events_and_comments_may_go_on_for_ever(self) -> None:
        assert len(self.feed(b"data: xxxxxxxxx\n\n", 50)) == 50
        assert self.feed(b": still here\n", 50) == []

    def test_event_of_just_that_size(self) -> None:
        decoder = EventDecoder()
        line = b"data: " + b"x" * 94
        assert decoder.feed(line) == []
        assert decoder.feed(b"\n\n") == [ProviderEvent(b"", b"x" * 94)]

    def test_events_before_the_one_too_large_are_given(self) -> None:
        decoder = EventDecoder()
        assert len(decoder.feed(b"data: a\n\ndata: " + b"x" * 200)) == 1
        with self.assertRaises(ProviderProtocolError):
            decoder.feed(b"x")
