"""What can be seen in the settings alone, and on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import NoReverseMatch, reverse

from mindwave_django.backends import BackendError
from mindwave_django.checks_limits import check_counting_cache, is_per_process
from mindwave_django.conf import mindwave_settings, ratelimit_settings
from mindwave_django.doctor.findings import Finding, Level, error, fine, note, warning
from mindwave_django.streaming.log import MemoryLog, current_log

ONE = "one worker process"
SEVERAL = "several worker processes"
TOLD_ELSEWHERE = "mindwave.W005"  # with the number of processes
LEVELS = {checks.ERROR: Level.ERROR, checks.WARNING: Level.WARNING}


def look_at_settings() -> Iterator[Finding]:
    """Ask the system checks, those for production included."""
    try:
        found = _check()
    except Exception as exc:  # noqa: BLE001  # urls.py and the checks of others may raise anything
        yield error(
            "checks_fail",
            f"The system checks raise {type(exc).__qualname__}.",
            "See where: python manage.py check",
        )
        return
    for message in found:
        level = Level.ERROR if message.is_serious() else LEVELS.get(message.level, Level.NOTE)
        yield Finding(level, str(message.id), str(message.msg), message.hint or "")
    if not found:
        yield fine("settings", "Every system check of mindwave_django is content.")
    yield _urls()


def _check() -> list[checks.CheckMessage]:
    return [
        message
        for message in checks.run_checks(include_deployment_checks=True)
        if (message.id or "").startswith("mindwave.")
        and message.id != TOLD_ELSEWHERE
        and not message.is_silenced()
    ]


def _urls() -> Finding:
    try:
        return fine("urls", f"The shipped views are at {reverse('mindwave:stream')}.")
    except NoReverseMatch:
        return note(
            "urls_missing",
            "The shipped URLs are not included: no widget, no chat, and no probe.",
            'Add path("mindwave/", include("mindwave_django.urls")) to the root urls.py.',
        )


def look_at_processes(workers: int | None) -> Iterator[Finding]:
    """See whether log and cache are fit for so many worker processes; None if nobody knows."""
    yield from _log(workers)
    yield from _cache(workers)


def _log(workers: int | None) -> Iterator[Finding]:
    try:
        is_local = isinstance(current_log.create(), MemoryLog)
    except BackendError:
        return  # the checks say so
    if not is_local:
        yield fine("log", f"Answers are kept in a log that fits {SEVERAL}.")
    elif workers == 1:
        yield fine("log", f"Answers are kept in memory, which fits {ONE}.")
    else:
        yield _level(workers)(
            "log_per_process",
            f"Answers are kept in the memory of each process (MemoryLog), which fits {ONE}.",
            f"With more, set {mindwave_settings.STREAMING.place('LOG')} to "
            "{'BACKEND': 'mindwave_django.streaming.redis.RedisLog', 'OPTIONS': {'url': …}}; "
            "the chat without it resumes in another process from its rows, seconds later.",
        )


def _cache(workers: int | None) -> Iterator[Finding]:
    alias = ratelimit_settings.cache
    if alias not in settings.CACHES or any(check_counting_cache()):
        return  # the checks say so
    if not is_per_process(alias):
        yield fine("cache", f"The cache {alias!r} counts for {SEVERAL}.")
    elif workers == 1:
        yield fine("cache", f"The cache {alias!r} is in memory, which fits {ONE}.")
    else:
        yield _level(workers)(
            "cache_per_process",
            f"Limits are counted by each process for itself: the cache {alias!r} is LocMemCache.",
            "With more than one, set CACHES['default'] to Redis or Memcached.",
        )


def _level(workers: int | None) -> Callable[[str, str, str], Finding]:
    return note if workers is None else warning


def look_at_database(workers: int | None) -> Iterator[Finding]:
    """See whether the tables are there, and whether the database suits many streams."""
    yield _migrations()
    settings_dict: dict[str, Any] = connection.settings_dict
    if connection.vendor == "sqlite" and (workers or 1) > 1:
        yield warning(
            "sqlite",
            f"SQLite serves {SEVERAL}: one writer at a time, also for checkpoints of answers.",
            "Use PostgreSQL for more than little traffic.",
        )
    if settings_dict.get("CONN_MAX_AGE") != 0:
        yield note(
            "persistent_connections",
            "CONN_MAX_AGE keeps connections open; under ASGI Django cannot reuse them.",
            "Under ASGI set CONN_MAX_AGE to 0 and, on PostgreSQL, OPTIONS['pool'] to True.",
        )
    if settings_dict.get("ATOMIC_REQUESTS"):
        yield warning(
            "atomic_requests",
            "ATOMIC_REQUESTS: Django refuses async views, and a sync view keeps its thread and "
            "connection as long as it streams.",
            "Decorate views that stream with @transaction.non_atomic_requests; ours are.",
        )


def _migrations() -> Finding:
    try:
        executor = MigrationExecutor(connection)
        targets = [
            node for node in executor.loader.graph.leaf_nodes() if node[0] == "mindwave_django"
        ]
        plan = executor.migration_plan(targets)
    except (Error, ImproperlyConfigured) as exc:
        return error(
            "database",
            f"The database cannot be asked: {type(exc).__name__}.",
            "See DATABASES, and whether it runs.",
        )
    if plan:
        return error(
            "migrations",
            f"Migrations that mindwave_django needs are not applied: {len(plan)}.",
            "python manage.py migrate",
        )
    return fine("database", f"The tables are there, on {connection.display_name}.")
