"""Somebody with a browser: cookies, questions, and streams from whichever process they choose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from typing import Any, NamedTuple

from tests.servers.client import LIMIT, Client, Listening
from tests.support.name_process import HEADER

BASE = "/mindwave/"
MESSAGES, CONVERSATIONS = f"{BASE}messages/", f"{BASE}conversations/"
TOKEN = "c" * 32  # any secret will do, as long as cookie and header agree


class Reply(NamedTuple):
    """A whole response."""

    status: int
    body: bytes
    process: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Reading(Client):
    """A stream that is read on a connection of its own; `process` is the one that gives it."""

    def __init__(self, connection: HTTPConnection, path: str, headers: Mapping[str, str]) -> None:
        self._connection = connection
        connection.request("GET", path, headers=dict(headers))
        self._response = connection.getresponse()
        self.status = self._response.status
        self.headers = self._response.headers
        self.body = b""

    @property
    def process(self) -> str:
        return self.headers[HEADER]

    @property
    def end(self) -> tuple[str, Any]:
        """The terminal event: its name and what it says."""
        last = self.events[-1]
        return last.event, last.json()

    def read_end(self) -> tuple[str, Any]:
        """Read until the terminal event is there; the connection may stay open longer."""
        self.read_until(lambda reading: {"done", "failed"} & set(reading.names))
        return self.end


class Person:
    """Keeps cookies, as a browser does, also between servers."""

    def __init__(self) -> None:
        self.cookies = {"csrftoken": TOKEN}

    def send(
        self, server: Listening, method: str, path: str, data: Any = None, **extra: Any
    ) -> Reply:
        """Send JSON, and return what came back; `headers` are added."""
        connection = connect(server)
        try:
            return self.send_on(connection, method, path, data, **extra)
        finally:
            connection.close()

    def send_on(
        self,
        connection: HTTPConnection,
        method: str,
        path: str,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send JSON on a connection that stays open."""
        body = None if data is None else json.dumps(data)
        sent = self._headers() | {"Content-Type": "application/json"} | dict(headers or {})
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        self._keep_cookies(response.headers.get_all("Set-Cookie", []))
        return Reply(response.status, response.read(), response.headers[HEADER])

    def post(self, server: Listening, path: str, data: Any = None, key: str | None = None) -> Reply:
        headers = {"Idempotency-Key": key} if key else None
        return self.send(server, "POST", path, data or {}, headers=headers)

    def ask(self, server: Listening, prompt: str = "Hi", conversation: str | None = None) -> Any:
        """Post a question, and return what the 201 said."""
        reply = self.post(server, MESSAGES, {"prompt": prompt, "conversation": conversation})
        assert reply.status == 201, reply
        return reply.json

    def read(self, server: Listening, path: str, last_id: str | None = None) -> Reading:
        """Read a stream from a position; to be closed."""
        return self.read_on(connect(server), path, last_id)

    def read_on(self, connection: HTTPConnection, path: str, last_id: str | None = None) -> Reading:
        """Read a stream on a connection that is there, and so from the process behind it."""
        position = {"Last-Event-ID": last_id} if last_id else {}
        return Reading(connection, path, self._headers() | position)

    def log_in(self, server: Listening, name: str, password: str) -> None:
        """Log in on the admin's page."""
        form = f"username={name}&password={password}&next=/admin/&csrfmiddlewaretoken={TOKEN}"
        connection = connect(server)
        headers = self._headers() | {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/admin/login/", form, headers)
        response = connection.getresponse()
        assert response.status == 302, response.status
        self._keep_cookies(response.headers.get_all("Set-Cookie", []))
        connection.close()

    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookies, "X-CSRFToken": self.cookies["csrftoken"]}

    def _keep_cookies(self, lines: list[str]) -> None:
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.coded_value


def connect(server: Listening) -> HTTPConnection:
    """Return a connection to the server, or to one of its workers; to be closed."""
    return HTTPConnection("127.0.0.1", server.port, timeout=LIMIT)
