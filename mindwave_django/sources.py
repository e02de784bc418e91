"""Where a response gets its answer from: a new call, or one that somebody asked for before."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor
from typing import NamedTuple

from django.http import HttpRequest

from mindwave_django.access import Caller, caller
from mindwave_django.metrics import count_resumed
from mindwave_django.streaming.answer import Answer, Position
from mindwave_django.streaming.call import Call
from mindwave_django.streaming.capacity import capacity
from mindwave_django.streaming.generation import Generation
from mindwave_django.streaming.log import current_log

_LAST_EVENT_ID = re.compile(
    r"(?P<stream>[\w-]{1,64}):(?:(?P<end>end)|(?P<text>\d{1,15})(\.(?P<reasoning>\d{1,15}))?)",
    re.ASCII,
)


class Resume(NamedTuple):
    """Where a reader wants to go on; `position` is None for one who has had the end."""

    stream_id: str
    position: Position | None


def resume_of(request: HttpRequest) -> Resume | None:
    """Return what the request wants to resume, or None if it starts a stream.

    From the header `Last-Event-ID` that EventSource sends, else from `last_event_id` in the query.
    An id that is none of ours resumes a stream that nobody knows: it must never start one.
    """
    value = request.META.get("HTTP_LAST_EVENT_ID") or request.GET.get("last_event_id")
    if not value:
        return None
    found = _LAST_EVENT_ID.fullmatch(value)
    if found is None:
        return Resume("unknown", Position())
    if found["end"]:
        return Resume(found["stream"], None)
    return Resume(found["stream"], Position(int(found["text"]), int(found["reasoning"] or 0)))


def _nothing() -> None:
    pass


class Opened(NamedTuple):
    """An answer to follow, and from where.

    `begin` is called once there is a reader, `leave` once there is none; `generation` is the one
    that this very response has started, if it has.
    """

    answer: Answer
    position: Position = Position()
    generation: Generation | None = None
    begin: Callable[[], None] = _nothing
    leave: Callable[[], None] = _nothing


class Source(ABC):
    """Finds the answer of one response."""

    stream_id = "unknown"

    @abstractmethod
    def prepare(self, request: HttpRequest) -> None:
        """Do in the request's thread what needs the request or the database.

        The reader may be gone by the end of it. What has to go on then belongs into `prepared`.
        """

    def prepared(self, executor: Executor | None) -> None:  # few need it
        """Go on, on the event loop of the response, after `prepare`, also without a reader.

        `executor` is a thread that was lent for sync work.
        """

    @abstractmethod
    async def open(self, executor: Executor | None) -> Opened | None:
        """Return the answer, on the event loop of the response; None if there is nothing to follow.

        `executor` is a thread that was lent for sync work. Raises LogUnavailable if nobody knows.
        """


class Start(Source):
    """A call that is made now."""

    def __init__(self, call: Call) -> None:
        self._call = call
        capacity.admit(self)

    def prepare(self, request: HttpRequest) -> None:
        """See on whose behalf the call is made."""
        self._call = self._call.on_behalf_of(*caller(request))

    async def open(self, executor: Executor | None) -> Opened:
        """Return the answer of a new generation, which starts when it has a reader."""
        generation = Generation(self._call, executor)
        capacity.leave(self)
        return Opened(generation.answer, generation=generation, begin=generation.start)


class Rejoin(Source):
    """An answer that runs, or ended not long ago, in the log."""

    def __init__(self, resume: Resume) -> None:
        self.stream_id = resume.stream_id
        self._position = resume.position
        self._caller: Caller | None = None

    def prepare(self, request: HttpRequest) -> None:
        """See who asks."""
        self._caller = caller(request)

    async def open(self, executor: Executor | None) -> Opened | None:
        """Return the answer from the reader's position, if it is the caller's."""
        answer = await current_log().find(self.stream_id)
        if answer is None or self._position is None or self._caller is None:
            return None
        if answer.owner not in {"", self._caller.owner}:
            return None
        count_resumed()
        return Opened(answer, self._position)
