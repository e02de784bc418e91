"""The parser for tests, by the rules of the WHATWG."""

from __future__ import annotations

import httpx
from django.test import SimpleTestCase
from httpx_sse import EventSource

from mindwave_django.testing import ServerSentEvent, parse_events, text_of

DATA_A, DATA_B = ("message", "a", ""), ("message", "b", "")

# Bodies and what a browser dispatches for them: https://html.spec.whatwg.org/#parsing-an-event-stream
RULES: list[tuple[str, bytes, list[tuple[str, str, str]]]] = [
    ("nothing", b"", []),
    ("default name", b"data: a\n\n", [DATA_A]),
    ("name", b"event: x\ndata: a\n\n", [("x", "a", "")]),
    ("name after the data", b"data: a\nevent: x\n\n", [("x", "a", "")]),
    ("last name counts", b"event: x\nevent: y\ndata: a\n\n", [("y", "a", "")]),
    (
        "name is for one event",
        b"event: x\ndata: a\n\ndata: b\n\n",
        [("x", "a", ""), DATA_B],
    ),
    ("lines of data", b"data: a\ndata\ndata: b\n\n", [("message", "a\n\nb", "")]),
    ("only empty data", b"data\n\n", [("message", "", "")]),
    ("two empty lines", b"data\ndata:\n\n", [("message", "\n", "")]),
    ("no data, no event", b"event: x\n\n", []),
    ("name without data is forgotten", b"event: x\n\ndata: a\n\n", [DATA_A]),
    ("one space goes", b"data:a\ndata: b\ndata:  c\n\n", [("message", "a\nb\n c", "")]),
    ("colons in the value", b"data: a:b: c\n\n", [("message", "a:b: c", "")]),
    ("comments", b": hi\ndata: a\n:\n\n", [DATA_A]),
    (
        "unknown fields",
        b"data: a\ndatum: b\nretry: 5\n data: c\nDATA: d\n\n",
        [DATA_A],
    ),
    ("id stays", b"id: 1\ndata: a\n\ndata: b\n\n", [("message", "a", "1"), ("message", "b", "1")]),
    ("id without data stays too", b"id: 1\n\ndata: b\n\n", [("message", "b", "1")]),
    (
        "empty id resets",
        b"id: 1\ndata: a\n\nid\ndata: b\n\n",
        [("message", "a", "1"), DATA_B],
    ),
    ("id with NUL is ignored", b"id: 1\nid: 2\x003\ndata: a\n\n", [("message", "a", "1")]),
    ("CRLF", b"data: a\r\ndata: b\r\n\r\n", [("message", "a\nb", "")]),
    ("CR", b"data: a\rdata: b\r\r", [("message", "a\nb", "")]),
    (
        "mixed",
        b"data: a\rdata: b\n\r\ndata: c\n\n",
        [("message", "a\nb", ""), ("message", "c", "")],
    ),
    ("byte order mark", b"\xef\xbb\xbfdata: a\n\n", [DATA_A]),
    ("one mark only", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", [DATA_B]),
    ("broken UTF-8", b"data: a\xffb\n\n", [("message", "a\ufffdb", "")]),
    (
        "other separators",
        "data: a\u2028b\x85c\x0bd\n\n".encode(),
        [("message", "a\u2028b\x85c\x0bd", "")],
    ),
    ("unfinished event", b"data: a\n\ndata: b\n", [DATA_A]),
    ("unfinished line", b"data: a\n\ndata: b", [DATA_A]),
]
# Where httpx-sse differs from the rules on purpose or by omission.
NOT_IN_HTTPX_SSE = {
    "no data, no event",
    "id without data stays too",
    "name without data is forgotten",
    "byte order mark",
    "one mark only",
    "broken UTF-8",
    "unfinished event",
    "unfinished line",
}


class ParseTests(SimpleTestCase):
    def test_rules(self) -> None:
        for name, body, expected in RULES:
            with self.subTest(name):
                assert [tuple(event) for event in parse_events(body)] == expected

    def test_other_parser_agrees(self) -> None:
        for name, body, _ in RULES:
            if name in NOT_IN_HTTPX_SSE:
                continue
            with self.subTest(name):
                headers = {"Content-Type": "text/event-stream"}
                source = EventSource(httpx.Response(200, headers=headers, content=body))
                theirs = [(event.event, event.data, event.id) for event in source.iter_sse()]
                assert theirs == [tuple(event) for event in parse_events(body)]


class EventTests(SimpleTestCase):
    def test_json(self) -> None:
        assert ServerSentEvent("done", '{"status": "complete"}', "").json() == {
            "status": "complete"
        }

    def test_text_is_that_of_the_messages(self) -> None:
        body = (
            b"event: start\ndata: x\n\ndata: a\n\nevent: reasoning\ndata: y\n\ndata: b\ndata:\n\n"
        )
        assert text_of(parse_events(body)) == "ab\n"

    def test_text_of_nothing(self) -> None:
        assert text_of([]) == ""
