"""Every cell of the matrix against a server: status, code, rows, and what the model was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from email.message import Message
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.test import SimpleTestCase, override_settings

from mindwave_django.conf import mindwave_settings
from mindwave_django.testing import parse_events
from mindwave_django.urls import urlpatterns
from tests.servers.access import matrix
from tests.servers.access.matrix import ANONYMOUS, CALLERS, KINDS, USER, Caller, Cell, Kind, Outcome
from tests.servers.access.world import World, changes, secret
from tests.servers.chat.base import ChatTestCase
from tests.servers.chat.person import TOKEN, connect
from tests.support.upstream import finish, text

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
OWN_PAGE, CURL_WITHOUT_TOKEN = KINDS[0], KINDS[6]


class Reply(NamedTuple):
    """A whole response."""

    status: int
    headers: Message
    body: bytes

    @property
    def code(self) -> str:
        """What a refusal, or the end of a stream, says went wrong."""
        kind = self.headers.get_content_type()
        if not self.body or kind not in {"application/json", "text/event-stream"}:
            return ""
        said = parse_events(self.body)[-1].json() if "event" in kind else json.loads(self.body)
        return str(said.get("code", ""))

    @property
    def shows(self) -> frozenset[str]:
        """Whose texts it holds."""
        return frozenset(each.name for each in CALLERS if secret(each).encode() in self.body)


class Matrix(ChatTestCase):
    server_names = ("uvicorn",)
    access: str

    @classmethod
    def setUpClass(cls) -> None:
        options = {
            "ACCESS": cls.access,
            "ALLOWED_ORIGINS": [matrix.FRIEND],
            "MAX_STREAMS_PER_OWNER": None,
        }
        cls.env = {"CHAT_OPTIONS": json.dumps(options)}
        super().setUpClass()
        cls.world = World()

    def setUp(self) -> None:
        self.upstream.serve_only(text("Hello"), finish())
        self.link = connect(self.servers[0])
        self.addCleanup(self.link.close)

    def test_every_cell(self) -> None:
        asked = 0
        for cell in matrix.cells(self.access):
            wanted = matrix.expected(cell)
            asked += wanted.upstream
            with self.subTest(cell.name):
                self.check(cell, wanted)
        assert len(self.upstream.requests) == asked, "The model was asked later."

    def check(self, cell: Cell, wanted: Outcome) -> None:
        before, asked = self.world.ready(cell), len(self.upstream.requests)
        reply = self.send(cell)
        after = self.world.after(before)
        seen = Outcome(
            reply.status,
            reply.code,
            len(self.upstream.requests) - asked,
            changes(before, after),
            reply.shows,
        )
        assert seen == wanted, f"{seen}, expected {wanted}"
        assert wanted.changes or after == before, "A row has changed."
        self.check_others(cell.caller, before.conversations, after.conversations)
        self.check_others(cell.caller, before.messages, after.messages)
        if reply.status >= 400:
            self.check_refusal(reply)

    def check_others(self, caller: Caller, before: dict[Any, Any], after: dict[Any, Any]) -> None:
        own = self.world.owners.get(caller)
        others = {pk: row for pk, row in before.items() if row["owner"] != own}
        assert others.items() <= after.items(), "Somebody else's row has changed."

    def check_refusal(self, reply: Reply) -> None:
        assert reply.headers.get_all("Set-Cookie") is None, reply.headers["Set-Cookie"]
        if reply.status == 405:
            assert reply.body == b"", reply.body
            return
        assert reply.headers["Content-Type"] == "application/json"
        assert reply.headers["Cache-Control"] == "no-store"
        assert set(json.loads(reply.body)) == {"error", "code"}, reply.body

    def test_other_methods(self) -> None:
        for path, allowed in methods_by_path().items():
            for method in (each for each in METHODS if each not in allowed):
                for caller, kind in ((USER, OWN_PAGE), (ANONYMOUS, CURL_WITHOUT_TOKEN)):
                    with self.subTest(f"{method} {path} | {caller.name} | {kind.name}"):
                        self.check_not_allowed(method, path, caller, kind, allowed)
        assert self.upstream.requests == []

    def check_not_allowed(
        self, method: str, path: str, caller: Caller, kind: Kind, allowed: set[str]
    ) -> None:
        endpoint = matrix.Endpoint(method, path, 405)
        cell = Cell(self.access, endpoint, USER if endpoint.owned else None, caller, kind)
        before = self.world.ready(cell)
        reply = self.send(cell)
        assert reply.status == 405, reply
        assert set(reply.headers["Allow"].split(", ")) == allowed
        assert self.world.after(before) == before
        self.check_refusal(reply)

    def send(self, cell: Cell) -> Reply:
        """Send the request of a cell on the connection that all of them share."""
        fill = str if cell.target is None else self.world.owned[cell.target].fill
        data = {name: fill(value) for name, value in (cell.endpoint.data or {}).items()}
        body = None if cell.endpoint.data is None else json.dumps(data)
        self.link.request(cell.method, fill(cell.endpoint.path), body, self.headers(cell))
        response = self.link.getresponse()
        return Reply(response.status, response.headers, response.read())

    def headers(self, cell: Cell) -> Mapping[str, str]:
        """Return what the browser says: every cookie, whoever makes it ask."""
        cookies = f"csrftoken={TOKEN}"
        if cell.caller in self.world.sessions:
            cookies += f"; sessionid={self.world.sessions[cell.caller]}"
        own = self.servers[0].url
        said = {name: value.replace(matrix.OWN, own) for name, value in cell.kind.headers.items()}
        token = {"X-CSRFToken": TOKEN} if cell.kind.token else {}
        return {"Cookie": cookies, "Content-Type": "application/json"} | said | token


def methods_by_path() -> dict[str, set[str]]:
    """Return the methods that the matrix has of every path of the package."""
    methods: dict[str, set[str]] = {}
    for endpoint in matrix.ENDPOINTS:
        if endpoint.shipped:
            methods.setdefault(urlsplit(endpoint.path).path, set()).add(endpoint.method)
    return methods


class AuthenticatedTests(Matrix):
    access = matrix.AUTHENTICATED


class AnyoneTests(Matrix):
    access = matrix.ANYONE


class TableTests(SimpleTestCase):
    def test_default_is_in_the_matrix(self) -> None:
        with override_settings(MINDWAVE={}):
            assert AuthenticatedTests.access == mindwave_settings.CHAT.ACCESS

    def test_every_url_is_in_the_matrix(self) -> None:
        found = {re.sub(r"{\w+}", "<uuid:pk>", path) for path in methods_by_path()}
        # Who may have a probe depends on a signature and on nothing else: see tests/doctor.
        paths = (str(url.pattern) for url in urlpatterns)
        assert found == {f"/mindwave/{path}" for path in paths if not path.startswith("probe/")}


del Matrix
