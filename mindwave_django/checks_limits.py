"""Checks of what limits who may ask: the cache that counts, addresses, what a site left open."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.utils.module_loading import import_string

from mindwave_django.conf import mindwave_settings, ratelimit_settings

SHARED = "Use Redis or Memcached, and name that cache in RATELIMIT_USE_CACHE."

# Back ends, with what derives from them, on which limits are wrong without anybody noticing.
_READS_THEN_WRITES = (
    "django.core.cache.backends.db.DatabaseCache",
    "django.core.cache.backends.filebased.FileBasedCache",
)
_FORGETS = "django.core.cache.backends.dummy.DummyCache"
_LOCAL = "django.core.cache.backends.locmem.LocMemCache"


def check_counting_cache() -> Iterator[CheckMessage]:
    """Refuse a cache that loses counts where the chat is to be limited."""
    if not _counts_anything():
        return
    alias = ratelimit_settings.cache
    if alias not in settings.CACHES:
        yield Error(
            f"RATELIMIT_USE_CACHE names the cache {alias!r}, which is not in CACHES.",
            hint=f"Known are: {', '.join(map(repr, settings.CACHES))}.",
            id="mindwave.E006",
        )
    elif _is(alias, *_READS_THEN_WRITES):
        yield Error(
            f"The cache {alias!r} ({_backend(alias)}) reads, adds and writes in three steps: "
            "requests at the same time are not counted.",
            hint=f"{SHARED} Without limits: {_switched_off()}.",
            id="mindwave.E007",
        )
    elif _is(alias, _FORGETS):
        yield Warning(
            f"The cache {alias!r} (DummyCache) keeps nothing: there are no limits.",
            hint=SHARED,
            id="mindwave.W004",
        )


def check_limits_in_production() -> Iterator[CheckMessage]:
    """Warn of limits that are wider than they look."""
    yield from _check_scope()
    yield from _check_addresses()
    yield from _check_no_limits()
    yield from _check_openness()


def is_per_process(alias: str) -> bool:
    """Return whether each process has a cache of this alias for itself."""
    return _is(alias, _LOCAL)


def _check_scope() -> Iterator[CheckMessage]:
    alias = ratelimit_settings.cache
    if _counts_anything() and alias in settings.CACHES and is_per_process(alias):
        yield Warning(
            f"Limits hold for each process by itself: the cache {alias!r} (LocMemCache) is the "
            "process's own.",
            hint=f"{SHARED} With a single process there is nothing to do.",
            id="mindwave.W005",
        )


def _check_addresses() -> Iterator[CheckMessage]:
    behind = [
        name
        for name in ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST")
        if getattr(settings, name)
    ]
    if behind and mindwave_settings.CLIENT_IP is None:
        yield Warning(
            f"{behind[0]} says that there is a proxy, and {mindwave_settings.place('CLIENT_IP')} "
            "is not set: all strangers count as one.",
            hint="Set it to {'HEADER': 'X-Forwarded-For', 'TRUSTED_PROXIES': 1}, with the number "
            "of your proxies. Silence this if your server does that, as uvicorn's --proxy-headers.",
            id="mindwave.W006",
        )


def _check_no_limits() -> Iterator[CheckMessage]:
    if not getattr(settings, "RATELIMIT_ENABLE", True):
        yield Warning(
            "RATELIMIT_ENABLE is False: nobody's requests are counted.",
            hint="It is meant for tests.",
            id="mindwave.W007",
        )
    elif mindwave_settings.CHAT.RATE is None:
        yield Warning(
            f"{mindwave_settings.CHAT.place('RATE')} is None: people may ask without end.",
            hint="Set a rate such as '10/m'.",
            id="mindwave.W007",
        )
    if ratelimit_settings.fail_open:
        yield Warning(
            "RATELIMIT_FAIL_OPEN is True: there are no limits while the cache is down.",
            hint="Without it requests are refused meanwhile; silence this if that is worse.",
            id="mindwave.W008",
        )


def _check_openness() -> Iterator[CheckMessage]:
    insecure = [each for each in mindwave_settings.CHAT.ALLOWED_ORIGINS if _is_plain_http(each)]
    if insecure:
        yield Warning(
            f"{mindwave_settings.CHAT.place('ALLOWED_ORIGINS')} trusts {insecure[0]!r}, and so "
            "everybody on the way to it.",
            hint="Serve that site by https, and write it so.",
            id="mindwave.W009",
        )
    if mindwave_settings.LOG_CONTENT:
        yield Warning(
            f"{mindwave_settings.place('LOG_CONTENT')} puts prompts, and what providers say, into "
            "logs.",
            hint="Set it to False outside of a search for a fault.",
            id="mindwave.W010",
        )
    if mindwave_settings.PROBE:
        yield Warning(
            f"{mindwave_settings.place('PROBE')} lets mindwave_doctor hold connections open.",
            hint="Set it to False once you know why answers do not stream.",
            id="mindwave.W011",
        )


def _counts_anything() -> bool:
    chat = mindwave_settings.CHAT
    enabled = getattr(settings, "RATELIMIT_ENABLE", True)
    return (enabled and chat.RATE is not None) or chat.MAX_STREAMS_PER_OWNER is not None


def _switched_off() -> str:
    chat = mindwave_settings.CHAT
    return f"{chat.place('RATE')} = None and {chat.place('MAX_STREAMS_PER_OWNER')} = None"


def _backend(alias: str) -> str:
    return str(settings.CACHES[alias]["BACKEND"]).rpartition(".")[2]


def _is(alias: str, *paths: str) -> bool:
    try:
        backend = import_string(settings.CACHES[alias]["BACKEND"])
    except ImportError:
        return False  # Django says so
    return issubclass(backend, tuple(map(import_string, paths)))


def _is_plain_http(origin: str) -> bool:
    return origin.lower().startswith("http://")
