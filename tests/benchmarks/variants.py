"""What is compared: each a server with one process, started as its own documentation says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import quote

from mindwave_django.testing import parse_events, text_of
from tests.benchmarks.load import Client, Reading, Response
from tests.support.processes import ROOT, Process, free_port, running
from tests.support.servers import PYTHON

SITES = "tests.benchmarks.sites"
PATHS = {"PYTHONPATH": f"{ROOT / 'example_project'}:{ROOT}"}
TOKEN = "c" * 32  # against forgery; any will do, if cookie and header agree

UVICORN = (
    *("uvicorn", "--loop", "uvloop", "--http", "httptools", "--lifespan", "off"),
    *("--no-access-log", "--log-level", "warning", "--port", "{port}"),
)
GTHREAD = ("gunicorn", "-k", "gthread", "--threads", "{threads}", "-b", "127.0.0.1:{port}")


def _relayed(body: bytes) -> str:
    """Return the text in the provider's own chunks."""
    chunks = [json.loads(event.data) for event in parse_events(body) if event.data != "[DONE]"]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content", "") for choice in choices)


def _hand_written(body: bytes) -> str:
    events = parse_events(body)
    assert events[-1].event == "done", events[-1]
    return "".join(event.json()["text"] for event in events[:-1])


def _ours(body: bytes) -> str:
    events = parse_events(body)
    assert events[-1].json() == {"status": "complete"}, events[-1]
    return text_of(events)


class Asker:
    """Asks a view that answers a GET."""

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = path

    async def prepare(self) -> None:
        """Do what a visitor does once."""

    async def ask(self, prompt: str) -> Reading:
        """Begin to read an answer."""
        return await self._client.get(f"{self._path}?prompt={quote(prompt)}")


class ProviderAsker(Asker):
    """Asks the provider itself."""

    async def ask(self, prompt: str) -> Reading:
        """Begin to read an answer."""
        return await self._client.send(self._path, {"messages": [{"content": prompt}]})


class ChatAsker(Asker):
    """Posts a message and reads its stream, as the widget does."""

    async def prepare(self) -> None:
        """Become a visitor with a session."""
        self._headers = f"X-CSRFToken: {TOKEN}\r\nCookie: csrftoken={TOKEN}"
        posted = await self._post("short")
        self._headers += f"; {posted.headers['set-cookie'].partition(';')[0]}"

    async def ask(self, prompt: str) -> Reading:
        """Begin to read an answer."""
        stream = (await self._post(prompt)).json()["stream"]
        return await self._client.get(stream, f"{self._headers}\r\n")

    async def _post(self, prompt: str) -> Response:
        path = f"{self._path}/messages/"
        posted = await self._client.post(path, {"prompt": prompt}, f"{self._headers}\r\n")
        assert posted.status == 201, posted
        return posted


class Variant(NamedTuple):
    """One way to stream."""

    name: str
    application: str
    path: str = "/chat"
    command: tuple[str, ...] = UVICORN
    env: Mapping[str, str] = {}
    text: Callable[[bytes], str] = _ours
    asker: type[Asker] = Asker
    is_traced: bool = False
    is_extra: bool = False  # measured only if asked for

    @property
    def streams_need_threads(self) -> bool:
        """Whether there have to be as many threads as streams."""
        return self.command is GTHREAD


def _django(name: str, *, settings: str = "settings", **more: Any) -> Variant:
    env = {"DJANGO_SETTINGS_MODULE": f"{SITES}.{settings}"} | more.pop("env", {})
    return Variant(name, f"{SITES}.asgi:application", env=env, **more)


def _chat(name: str, **more: Any) -> Variant:
    return _django(name, path="/mindwave", asker=ChatAsker, **more)


VARIANTS = {
    variant.name: variant
    for variant in (
        *(
            _django(f"flush {seconds} s", env={"FLUSH_INTERVAL": str(seconds)}, is_extra=True)
            for seconds in (0.1, 0.25)
        ),
        _django(
            "metrics",
            env={"RECEIVER": "async", "OTEL_METRICS_EXPORTER": "otlp"},
            is_traced=True,
            is_extra=True,
        ),
        _chat("chat, pool", env={"DATABASE_POOL": "1"}, is_extra=True),
        Variant("relay", f"{SITES}.relay:application", text=_relayed),
        _django("hand-written", settings="settings_plain", text=_hand_written),
        _django("two lines"),
        _chat("chat"),
        _django("async receiver", env={"RECEIVER": "async"}, is_traced=True),
        _django("sync receiver", env={"RECEIVER": "sync"}),
        _django("WSGI", path="/sync-chat", command=GTHREAD)._replace(
            application=f"{SITES}.wsgi:application"
        ),
    )
}
PROVIDER = Variant("provider", "", path="/", text=_relayed, asker=ProviderAsker)
USUAL = tuple(name for name, variant in VARIANTS.items() if not variant.is_extra)
BASELINES = ("relay", "hand-written")


class Started(NamedTuple):
    """A server that runs."""

    process: Process
    client: Client


@contextmanager
def started(
    variant: Variant, env: Mapping[str, str], *, streams: int, more: tuple[str, ...] = ()
) -> Iterator[Started]:
    """Serve a variant that can have so many streams at the same time."""
    port = free_port()
    words = [part.format(port=port, threads=streams + 10) for part in variant.command]
    given = {
        "OPENAI_API_KEY": "unused",
        **PATHS,
        **env,
        **variant.env,
    }
    command = [PYTHON, "-m", *words, *more, variant.application]
    with running(command, port=port, env=given) as process:
        yield Started(process, Client(port))
