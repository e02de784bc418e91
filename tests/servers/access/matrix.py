"""Who gets what, from where: every endpoint, every caller, every kind of request, and the rules.

The rules are those of docs/security.md and docs/wire-format.md, written down once more, so that
code and documents cannot drift apart in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from mindwave_django.models import MessageState

AUTHENTICATED = "mindwave_django.access.authenticated"
ANYONE = "mindwave_django.access.anyone"
OWN, FOREIGN, SIBLING = "{own}", "https://evil.example", "http://blog.example"
FRIEND = "https://friend.example"  # in ALLOWED_ORIGINS
RENAMED = "Renamed"
PENDING, COMPLETE = MessageState.PENDING.value, MessageState.COMPLETE.value
CANCELLED = MessageState.CANCELLED.value

Changes = Mapping[str, int]


class Caller(NamedTuple):
    """Somebody; all but the anonymous one have a session and a conversation of their own."""

    name: str
    logged_in: bool = False
    staff: bool = False


ANONYMOUS = Caller("anonymous")
USER, OTHER_USER = Caller("user", logged_in=True), Caller("other user", logged_in=True)
SESSION, OTHER_SESSION = Caller("session"), Caller("other session")
STAFF = Caller("staff", logged_in=True, staff=True)
CALLERS = (ANONYMOUS, USER, OTHER_USER, SESSION, OTHER_SESSION, STAFF)
# Whose conversation is asked for; where strangers are refused, theirs are out of everybody's reach.
TARGETS = {AUTHENTICATED: (USER,), ANYONE: (USER, SESSION)}


class Kind(NamedTuple):
    """From where a request comes, and what it brings.

    `forged` is what Django's CSRF check refuses where something changes: a missing token, or an
    `Origin` that is neither this site nor trusted. `foreign` is what the table of the docs does
    not let pass.
    """

    name: str
    headers: Mapping[str, str] = {}
    token: bool = True
    forged: bool = False
    foreign: bool = False
    head: bool = False


SAME = {"Sec-Fetch-Site": "same-origin"}
CROSS = {"Sec-Fetch-Site": "cross-site"}

KINDS = (
    Kind("own page", SAME | {"Origin": OWN, "Referer": f"{OWN}/chat"}),
    Kind("own page without token", SAME | {"Origin": OWN}, token=False, forged=True),
    Kind("own page by its Origin", {"Origin": OWN}),
    Kind("own page by its Referer", {"Referer": f"{OWN}/chat"}),
    Kind("typed address", {"Sec-Fetch-Site": "none"}),
    Kind("curl"),
    Kind("curl without token", token=False, forged=True),
    Kind("foreign page", CROSS | {"Origin": FOREIGN}, token=False, forged=True, foreign=True),
    # The rest of them has got hold of a token somehow.
    Kind("foreign page with token", CROSS | {"Origin": FOREIGN}, forged=True, foreign=True),
    Kind("foreign image", CROSS | {"Referer": f"{FOREIGN}/"}, foreign=True),
    Kind("foreign page that says nothing", CROSS, foreign=True),
    Kind(
        "page of the same site",
        {"Sec-Fetch-Site": "same-site", "Origin": SIBLING},
        forged=True,
        foreign=True,
    ),
    Kind("foreign page by its Origin", {"Origin": FOREIGN}, forged=True, foreign=True),
    Kind("foreign page by its Referer", {"Referer": f"{FOREIGN}/"}, foreign=True),
    # ALLOWED_ORIGINS without CSRF_TRUSTED_ORIGINS lets it read, not write.
    Kind("page of a friend", CROSS | {"Origin": FRIEND}, forged=True),
    Kind("prefetch", SAME | {"Sec-Purpose": "prefetch"}, foreign=True),
    Kind(
        "prerender", {"Sec-Fetch-Site": "none", "Sec-Purpose": "prefetch;prerender"}, foreign=True
    ),
    Kind("HEAD", SAME, head=True),
)


class Endpoint(NamedTuple):
    """One thing to ask for, and what those get and bring about who may.

    `answer` is the state of the target's answer before, `changes` are rows more or less: messages
    by their state, conversations, and conversations called RENAMED.
    """

    method: str
    path: str
    status: int
    data: Mapping[str, Any] | None = None
    upstream: int = 0
    changes: Changes = {}
    answer: str = COMPLETE
    shows: bool = False  # something of the caller's that was there before
    shipped: bool = True

    @property
    def owned(self) -> bool:
        """Whether it belongs to somebody."""
        return "{" in self.path or "conversation" in (self.data or {})


HI = {"prompt": "Hi"}
ANSWER, QUESTION = "/mindwave/messages/{answer}/", "/mindwave/messages/{question}/"
CONVERSATIONS, CONVERSATION = "/mindwave/conversations/", "/mindwave/conversations/{conversation}/"
HERE = HI | {"conversation": "{conversation}"}
ASKED = {COMPLETE: 1, PENDING: 1}  # a question, and an answer that nobody has read yet

ENDPOINTS = (
    *(
        endpoint
        for path in ("stream/", "stream", "generate/", "generate")
        for endpoint in (
            Endpoint("GET", f"/mindwave/{path}?prompt=Hi", 200, upstream=1),
            Endpoint("POST", f"/mindwave/{path}", 200, HI, upstream=1),
        )
    ),
    Endpoint("POST", "/mindwave/messages/", 201, HI, changes=ASKED | {"conversation": 1}),
    Endpoint("POST", "/mindwave/messages/", 201, HERE, changes=ASKED, shows=True),
    Endpoint(
        "GET",
        f"{ANSWER}stream/",
        200,
        upstream=1,
        answer=PENDING,
        changes={PENDING: -1, COMPLETE: 1},
    ),
    Endpoint("GET", f"{ANSWER}stream/", 200, shows=True),
    Endpoint(
        "POST", f"{ANSWER}cancel/", 200, {}, answer=PENDING, changes={PENDING: -1, CANCELLED: 1}
    ),
    Endpoint("POST", f"{ANSWER}regenerate/", 201, {}, changes={PENDING: 1}, shows=True),
    Endpoint("POST", f"{QUESTION}edit/", 201, HI, changes=ASKED, shows=True),
    Endpoint("GET", CONVERSATIONS, 200, shows=True),
    Endpoint("GET", CONVERSATION, 200, shows=True),
    Endpoint("PATCH", CONVERSATION, 200, {"title": RENAMED}, changes={RENAMED: 1}),
    Endpoint("DELETE", CONVERSATION, 204, changes={"conversation": -1, COMPLETE: -2}),
    Endpoint("GET", "/api/chat/stream?prompt=Hi", 200, upstream=1, shipped=False),
)


class Cell(NamedTuple):
    """One request; `target` is whose conversation it is about, if it is about one."""

    access: str
    endpoint: Endpoint
    target: Caller | None
    caller: Caller
    kind: Kind

    @property
    def name(self) -> str:
        what = f"{self.endpoint.method} {self.endpoint.path}"
        if self.target is not None:
            what += f" ({self.endpoint.answer}) of {self.target.name}"
        return f"{what} | {self.caller.name} | {self.kind.name}"

    @property
    def method(self) -> str:
        return "HEAD" if self.kind.head else self.endpoint.method


class Outcome(NamedTuple):
    """What a cell comes to; `shows` names those whose texts the response holds."""

    status: int
    code: str = ""
    upstream: int = 0
    changes: Changes = {}
    shows: frozenset[str] = frozenset()


def cells(access: str) -> Iterator[Cell]:
    """Give every combination."""
    for endpoint in ENDPOINTS:
        targets = TARGETS[access] if endpoint.owned else (None,)
        for target, caller, kind in product(targets, CALLERS, KINDS):
            yield Cell(access, endpoint, target, caller, kind)


def _is_stranger(cell: Cell) -> bool:
    return cell.access == AUTHENTICATED and not cell.caller.logged_in


# The first that holds refuses. Only this one holds for views of the site's own.
HEAD_COSTS_NOTHING: tuple[Callable[[Cell], bool], Outcome] = (
    lambda cell: cell.kind.head,
    Outcome(405),
)
RULES: tuple[tuple[Callable[[Cell], bool], Outcome], ...] = (
    HEAD_COSTS_NOTHING,
    # "Requests that change something need Django's CSRF token"; POST costs what GET costs.
    (lambda cell: cell.kind.forged and cell.method != "GET", Outcome(403, "csrf_failed")),
    # "A GET that costs money must not be had by an <img>": the table under "Foreign pages".
    (lambda cell: cell.kind.foreign, Outcome(403, "permission_denied")),
    # "ACCESS lets logged-in users in, and nobody else": strangers get 401.
    (_is_stranger, Outcome(401, "authentication_required")),
    # "Conversations always have an owner; others get 404 for them": being staff is no exception.
    (lambda cell: cell.target not in {None, cell.caller}, Outcome(404, "not_found")),
)


def expected(cell: Cell) -> Outcome:
    """Return what the rules say."""
    for refuses, outcome in RULES if cell.endpoint.shipped else (HEAD_COSTS_NOTHING,):
        if refuses(cell):
            return outcome
    return _granted(cell)


def _granted(cell: Cell) -> Outcome:
    endpoint, nobody = cell.endpoint, cell.caller is ANONYMOUS
    # "The chat puts one there with a stranger's first question": that is when a session begins.
    begins = {"session": 1} if nobody and endpoint.changes else {}
    shows = {cell.caller.name} if endpoint.shows and not nobody else set()
    changes = dict(endpoint.changes) | begins
    return Outcome(endpoint.status, "", endpoint.upstream, changes, frozenset(shows))
