"""An HTTP server on a free port that says to everybody exactly what a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

LIMIT = 10.0  # seconds until what hangs ends

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
CHUNKED = STREAM + b"Transfer-Encoding: chunked\r\n\r\n"
TO_THE_END = STREAM + b"Connection: close\r\n\r\n"


def piece(said: str) -> bytes:
    """Return an event as the probe writes it."""
    return f"id: x:1\nevent: message\ndata: {said} \n\n".encode()


START = b'retry: 1000\nid: x:0\nevent: start\ndata: {"stream":"x"}\n\n'
BEAT = b'event: heartbeat\ndata: {"status":"alive"}\n\n'
DONE = b'id: x:end\nevent: done\ndata: {"status":"complete"}\n\n'


def chunk(data: bytes) -> bytes:
    """Return a chunk of HTTP/1.1."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


class Silence:
    """Says nothing more until the client has hung up, or the test is over."""


Step = bytes | Silence


class LocalServer:
    """Answers each connection with the same steps, and hangs up after the last one."""

    def __init__(self, steps: Iterable[Step], *, listens: bool) -> None:
        self.requests: list[str] = []
        self.left = threading.Event()  # a client has hung up while there was silence
        self._steps = list(steps)
        self._listens = listens
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        # `close` alone does not wake a thread that waits in `accept`.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(LIMIT)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(LIMIT)
            with connection, suppress(OSError):  # of a client that has hung up
                if self._listens:
                    self._hear(connection)
                self._answer(connection)

    def _hear(self, connection: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            if not (received := connection.recv(65_536)):
                return
            request += received
        self.requests.append(request.decode())

    def _answer(self, connection: socket.socket) -> None:
        for step in self._steps:
            if isinstance(step, Silence):
                self._wait_until_left(connection)
            else:
                connection.sendall(step)

    def _wait_until_left(self, connection: socket.socket) -> None:
        with suppress(ConnectionError):
            while connection.recv(1):
                pass
        self.left.set()


@contextmanager
def local_server(*steps: Step, listens: bool = True) -> Iterator[LocalServer]:
    """Run a server while the block runs; one that does not listen speaks at once."""
    server = LocalServer(steps, listens=listens)
    try:
        yield server
    finally:
        server.close()
