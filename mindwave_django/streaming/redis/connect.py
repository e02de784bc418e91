"""Clients of redis-py, as the options of the log say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from mindwave_django.streaming.redis.entries import Entries

Client: TypeAlias = Any  # redis.asyncio.Redis, or RedisCluster

LEAST_TIMEOUT = 3.0  # seconds: blocked reads last up to one
EXAMPLE = "redis://user:password@host:6379/0"
# A host that vanishes without a word would hold a blocked read for ever; ours last a second.
DEFAULTS = {"socket_connect_timeout": 5.0, "socket_timeout": 5.0}


class Connector:
    """Builds clients for one URL: of a server, of a node of a cluster, or of a Sentinel's service.

    Raises ValueError for an URL that redis-py does not take, and if redis-py is missing.
    """

    def __init__(
        self,
        url: str,
        *,
        cluster: bool,
        sentinels: Sequence[Sequence[Any]],
        sentinel_options: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> None:
        try:
            from redis.asyncio.connection import parse_url  # noqa: PLC0415  # an extra
        except ImportError as exc:
            raise ValueError(
                "RedisLog needs the package redis: pip install 'mindwave-django[redis]'."
            ) from exc
        if cluster and sentinels:
            raise ValueError("a cluster has no Sentinels: give cluster or sentinels, not both.")
        try:
            self._parsed = dict(parse_url(url))
        except ValueError:
            # Its words may name the password.
            raise ValueError(
                f"url should be as {EXAMPLE}, with rediss:// for TLS, or unix:///path; in user and "
                "password everything but letters and digits is percent-encoded."
            ) from None
        self._url, _, query = url.partition("?")
        names = {part.partition("=")[0] for part in query.split("&")}
        asked = {name: self._parsed[name] for name in names & self._parsed.keys()}
        # Answers are bytes.
        self._options = {**DEFAULTS, **options, **asked, "decode_responses": False}
        _require_patience(self._options)
        self._cluster = cluster
        self._sentinels = [(str(host), int(port)) for host, port in sentinels]
        self._sentinel_options = {**DEFAULTS, **sentinel_options}

    @property
    def place(self) -> str:
        """What to call the server in a log: never with its password."""
        if self._sentinels:
            return f"service {self._service!r}"
        host, port = self._parsed.get("host", "localhost"), self._parsed.get("port", 6379)
        return str(self._parsed.get("path") or f"{host}:{port}")

    @property
    def _service(self) -> str:
        # As it is written: redis-py takes it for the name of a host, and makes it lower-case.
        return unquote(urlsplit(self._url).netloc.rpartition("@")[2]) or "mymaster"

    def build(self) -> Client:
        """Return a new client; nothing is connected yet."""
        from redis.asyncio import Redis  # noqa: PLC0415
        from redis.asyncio.cluster import RedisCluster  # noqa: PLC0415

        if self._cluster:
            return RedisCluster.from_url(self._url, **self._options)
        retries = {"retry": _once_more()} | self._options
        if self._sentinels:
            return self._build_for_service(retries)
        return Redis.from_url(self._url, **retries)

    def _build_for_service(self, options: dict[str, Any]) -> Client:
        from redis.asyncio.connection import SSLConnection  # noqa: PLC0415
        from redis.asyncio.sentinel import Sentinel  # noqa: PLC0415

        ours = {k: v for k, v in self._parsed.items() if k not in {"host", "port", *options}}
        if ours.pop("connection_class", None) is SSLConnection:
            ours["ssl"] = True
        sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
            self._sentinels, sentinel_kwargs=self._sentinel_options, **options
        )
        client = sentinel.master_for(self._service, **(options | ours))
        client.sentinel = sentinel  # closed with it
        return client


def _require_patience(options: Mapping[str, Any]) -> None:
    timeout = options["socket_timeout"]
    if timeout is not None and timeout < LEAST_TIMEOUT:
        raise ValueError(
            f"socket_timeout should be at least {LEAST_TIMEOUT:g} seconds, got {timeout!r}: "
            "the log waits for news with reads that last up to one."
        )


async def begin(client: Client) -> None:
    """Let a client of a cluster learn of its nodes, which it cannot do for several at once."""
    if hasattr(client, "get_nodes"):
        await client.initialize()


async def read_new(
    client: Client, last_ids: Mapping[str, bytes | str], block: int
) -> list[tuple[bytes, Entries]]:
    """Wait for entries after these ids, up to `block` milliseconds; return them by key."""
    reply = await client.xread(last_ids, block=block) or ()
    if isinstance(reply, dict):  # with protocol=3
        return [(key, found[0]) for key, found in reply.items()]
    return [(key, found) for key, found in reply]


async def close(client: Client) -> None:
    """Close a client, and those of its Sentinels."""
    await client.aclose()
    for each in getattr(getattr(client, "sentinel", None), "sentinels", ()):
        await each.aclose()


def _once_more() -> Any:
    """Return redis-py's policy for connections that the server has closed meanwhile.

    Whatever takes longer is an outage, which the log has to know of.
    """
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    return Retry(NoBackoff(), 1)
