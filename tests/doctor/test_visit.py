"""A probe from outside, against a server that says exactly what the test wants."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Callable, Iterable
from typing import Any
from unittest import mock

from django.test import SimpleTestCase

from mindwave_django.doctor.visit import TASTE, Unreachable, Visit, visit
from tests.doctor.local_server import (
    BEAT,
    CHUNKED,
    DONE,
    LAST_CHUNK,
    LIMIT,
    START,
    STREAM,
    TO_THE_END,
    Silence,
    Step,
    chunk,
    local_server,
    piece,
)
from tests.support.processes import free_port

EVENTS = [START, piece("0.000"), BEAT, piece("0.100"), DONE]
SHORT = 0.2  # seconds after which to give up


def visited(*steps: Step, limit: float = LIMIT, **options: Any) -> Visit:
    with local_server(*steps) as server:
        return visit(server.url("/probe/?plan=a"), limit=limit, **options)


def chunked(events: Iterable[bytes]) -> list[bytes]:
    return [CHUNKED, *map(chunk, events), LAST_CHUNK]


class StreamTests(SimpleTestCase):
    def assert_whole(self, found: Visit) -> None:
        assert (found.status, found.is_stream, found.body) == (200, True, b"")
        assert found.is_complete
        assert not found.gave_up
        assert found.sent == [0.0, 0.1]
        assert len(found.heartbeats) == 1
        times = [found.headers_at, *found.arrived, found.ended_at]
        assert len(times) == 4
        assert times == sorted(times)
        assert found.arrived[0] <= found.heartbeats[0] <= found.arrived[1]

    def test_chunked(self) -> None:
        self.assert_whole(visited(*chunked(EVENTS)))

    def test_chunks_that_are_no_events(self) -> None:
        body = b"".join(EVENTS)
        self.assert_whole(visited(*chunked(body[n : n + 7] for n in range(0, len(body), 7))))
        self.assert_whole(visited(*chunked([body])))

    def test_until_the_connection_ends(self) -> None:
        self.assert_whole(visited(TO_THE_END, *EVENTS))

    def test_length_that_is_known(self) -> None:
        body = b"".join(EVENTS)
        self.assert_whole(visited(STREAM + b"Content-Length: %d\r\n\r\n" % len(body), body))

    def test_pieces_that_a_slow_reader_gets_together(self) -> None:
        found = visited(TO_THE_END, piece("0.000 0.100 0.200"), DONE)
        assert found.sent == [0.0, 0.1, 0.2]
        assert len(found.arrived) == 3

    def test_end_is_not_waited_for(self) -> None:
        with local_server(CHUNKED, *map(chunk, EVENTS), Silence()) as server:
            assert visit(server.url(), limit=6 * LIMIT).is_complete
            assert server.left.wait(LIMIT)

    def test_names_of_headers_are_in_lower_case(self) -> None:
        assert visited(*chunked(EVENTS)).headers["cache-control"] == "no-cache"

    def test_what_is_asked(self) -> None:
        with local_server(*chunked(EVENTS)) as server:
            url = server.url("/a/probe/?plan=x%3Ay")
            visit(url, limit=LIMIT, headers={"Origin": "https://example.com"})
            visit(server.url("").rstrip("/"), limit=LIMIT)
        request = server.requests[0]
        assert request.startswith("GET /a/probe/?plan=x%3Ay HTTP/1.1\r\n")
        for line in (
            f"Host: 127.0.0.1:{server.port}",
            "Accept: text/event-stream",
            "Accept-Encoding: gzip, deflate",
            "Origin: https://example.com",
        ):
            assert f"\r\n{line}\r\n" in request
        assert server.requests[1].startswith("GET / HTTP/1.1\r\n")


class CompressedTests(SimpleTestCase):
    def compressed(self, wbits: int) -> list[bytes]:
        packer = zlib.compressobj(wbits=wbits)
        parts = [packer.compress(each) + packer.flush(zlib.Z_SYNC_FLUSH) for each in EVENTS]
        return [*parts, packer.flush()]

    def test_gzip_and_deflate(self) -> None:
        for encoding, wbits in (("gzip", 31), ("deflate", 15), ("GZIP", 31)):
            head = STREAM + f"Content-Encoding: {encoding}\r\n\r\n".encode()
            found = visited(head, *self.compressed(wbits))
            with self.subTest(encoding):
                assert found.encoding == encoding.lower()
                assert found.is_complete
                assert found.sent == [0.0, 0.1]

    def test_identity_is_none(self) -> None:
        found = visited(STREAM + b"Content-Encoding: identity\r\n\r\n", *EVENTS)
        assert (found.encoding, found.is_complete) == ("", True)

    def test_what_cannot_be_unpacked(self) -> None:
        found = visited(STREAM + b"Content-Encoding: br\r\n\r\n", *EVENTS)
        assert (found.encoding, found.is_complete, found.arrived) == ("br", False, [])


class CutTests(SimpleTestCase):
    def assert_cut(self, found: Visit, pieces: int) -> None:
        assert found.is_stream
        assert (found.is_complete, found.gave_up, len(found.arrived)) == (False, False, pieces)

    def test_in_the_middle_of_a_chunk(self) -> None:
        self.assert_cut(visited(CHUNKED, *map(chunk, EVENTS[:2]), b"40\r\nevent: mess"), 1)

    def test_between_chunks(self) -> None:
        self.assert_cut(visited(CHUNKED, *map(chunk, EVENTS[:4])), 2)

    def test_end_of_the_body_that_is_none_of_the_stream(self) -> None:
        self.assert_cut(visited(*chunked(EVENTS[:4])), 2)
        self.assert_cut(visited(TO_THE_END, *EVENTS[:2]), 1)

    def test_at_once(self) -> None:
        self.assert_cut(visited(CHUNKED), 0)

    def test_nonsense_for_chunks(self) -> None:
        self.assert_cut(visited(CHUNKED, b"no number\r\n"), 0)

    def test_silence(self) -> None:
        found = visited(CHUNKED, chunk(EVENTS[1]), Silence(), limit=SHORT)
        assert (found.is_complete, found.gave_up, len(found.arrived)) == (False, True, 1)
        assert found.ended_at >= SHORT

    def test_hangs_up_after_so_many_pieces(self) -> None:
        with local_server(CHUNKED, *map(chunk, EVENTS[:2]), Silence()) as server:
            found = visit(server.url(), limit=LIMIT, pieces=1)
            assert server.left.wait(LIMIT)
        self.assert_cut(found, 1)


class OtherAnswerTests(SimpleTestCase):
    def answer(self, status: str, body: bytes, kind: str = "text/html") -> Visit:
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        return visited(head.encode(), body)

    def test_page(self) -> None:
        found = self.answer("404 Not Found", b"<h1>Not found</h1>")
        assert (found.status, found.is_stream) == (404, False)
        assert found.body == b"<h1>Not found</h1>"

    def test_only_the_beginning_of_it(self) -> None:
        assert self.answer("200 OK", b"x" * (TASTE + 1)).body == b"x" * TASTE

    def test_stream_of_another_status_is_none(self) -> None:
        assert not self.answer("500 Oops", b"", "text/event-stream").is_stream
        assert self.answer("200 OK", b"", "text/event-stream; charset=utf-8").is_stream

    def test_redirect_is_not_followed(self) -> None:
        head = b"HTTP/1.1 302 Found\r\nLocation: /login/\r\nContent-Length: 0\r\n\r\n"
        found = visited(head)
        assert (found.status, found.headers["location"]) == (302, "/login/")
        assert found.url.endswith("/probe/?plan=a")

    def test_body_that_breaks_off(self) -> None:
        found = visited(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"x")
        assert found.body in {b"", b"x"}

    def test_body_that_does_not_come(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
        assert visited(head, Silence(), limit=SHORT).body == b""

    def test_streams_of_others(self) -> None:
        found = visited(TO_THE_END, b"event: message\ndata: Hello 1.5\n\n", b"data: x\n\n", DONE)
        assert (found.sent, found.is_complete) == ([1.5], True)


class UnreachableTests(SimpleTestCase):
    def why(self, ask: Callable[[], object]) -> str:
        with self.assertRaises(Unreachable) as caught:
            ask()
        return str(caught.exception)

    def test_refused(self) -> None:
        port = free_port()
        why = self.why(lambda: visit(f"http://127.0.0.1:{port}/", limit=LIMIT))
        assert why == f"The connection was refused by 127.0.0.1:{port}."

    def test_unknown_host(self) -> None:
        unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        with mock.patch("socket.getaddrinfo", side_effect=unknown):
            why = self.why(lambda: visit("http://nowhere.invalid/", limit=LIMIT))
        assert why == "The name nowhere.invalid is unknown here."

    def test_what_cannot_be_a_name(self) -> None:
        for host in ("a..b", "x" * 64 + ".example"):
            why = self.why(lambda host=host: visit(f"http://{host}/", limit=LIMIT))
            assert why == f"The name {host} is unknown here."

    def test_no_tls(self) -> None:
        with local_server(b"HTTP/1.1 400 Bad Request\r\n\r\n", listens=False) as server:
            url = server.url().replace("http:", "https:")
            why = self.why(lambda: visit(url, limit=LIMIT))
        assert why.startswith("TLS failed: ")
        assert why.endswith(".")
        assert "None" not in why

    def test_hangs_up_without_a_word(self) -> None:
        with local_server() as server:
            why = self.why(lambda: visit(server.url(), limit=LIMIT))
        host = f"127.0.0.1:{server.port}"
        assert why == f"The connection was broken off (RemoteDisconnected) by {host}."

    def test_is_no_http(self) -> None:
        with local_server(b"SSH-2.0-OpenSSH_9.6\r\n") as server:
            why = self.why(lambda: visit(server.url(), limit=LIMIT))
        assert "(BadStatusLine)" in why

    def test_silent(self) -> None:
        with local_server(Silence()) as server:
            why = self.why(lambda: visit(server.url(), limit=SHORT))
        assert why == "Nothing came in time."
