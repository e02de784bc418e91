"""System checks: what is wrong with the settings, where, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from mindwave_django.backends import BackendError, CurrentBackend, unknown
from mindwave_django.checks_limits import check_counting_cache, check_limits_in_production
from mindwave_django.conf import Group, mindwave_settings, parse_rate
from mindwave_django.drivers import DEFAULT_ALIAS, drivers
from mindwave_django.streaming.log import current_log
from mindwave_django.streaming.recorder import current_recorder


def check_settings(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check every setting of MINDWAVE; uses no network."""
    found = [message for group in mindwave_settings.groups() for message in _check_group(group)]
    if found:
        return found  # what builds on broken settings would only repeat them
    return [
        *_check_drivers(),
        *_check_backend(current_log),
        *_check_backend(current_recorder),
        *_check_callable(mindwave_settings.CHAT, "ACCESS"),
        *_check_callable(mindwave_settings.CHAT, "TITLE"),
        *_check_callable(mindwave_settings, "CLIENT_IP"),
        *_check_rate(),
        *check_counting_cache(),
    ]


def _check_group(group: Group) -> Iterator[CheckMessage]:
    try:
        written = group.raw()
    except ImproperlyConfigured as exc:
        # Inside something that is no dict every group complains; the outermost is enough.
        if str(exc).startswith(f"{group.place()} should"):
            yield Error(str(exc), id="mindwave.E002")
        return
    for key in sorted(map(str, written.keys() - group.known())):
        yield Error(
            f"{group.place()} has no setting {key!r}.",
            hint=unknown(key, group.known()),
            id="mindwave.E001",
        )
    for setting in group.settings():
        value = written.get(setting.name, setting.default)
        if not setting.valid(value):
            yield Error(setting.complaint(group, value), id="mindwave.E002")


def _check_drivers() -> Iterator[CheckMessage]:
    if DEFAULT_ALIAS not in mindwave_settings.DRIVERS:
        yield Error(
            f"{drivers.place()} has no driver {DEFAULT_ALIAS!r}.",
            hint="It is used wherever no alias is named.",
            id="mindwave.E003",
        )
    for alias in mindwave_settings.DRIVERS:
        try:
            yield from drivers[alias].check(drivers.place(alias))
        except BackendError as exc:
            yield _backend_error(exc)


def _check_backend(current: CurrentBackend[Any]) -> Iterator[CheckMessage]:
    try:
        current.create()
    except BackendError as exc:
        yield _backend_error(exc)


def _check_rate() -> Iterator[CheckMessage]:
    if parse_rate(mindwave_settings.CHAT.RATE) is None:
        yield from _check_callable(mindwave_settings.CHAT, "RATE")


def _check_callable(group: Group, name: str) -> Iterator[CheckMessage]:
    rule, place = getattr(group, name), group.place(name)
    if not isinstance(rule, str):
        return
    try:
        found = import_string(rule)
    except (ImportError, ValueError, TypeError) as exc:  # the last two for ".x" and "..x"
        yield Error(f"{place}: Could not import {rule!r}: {exc}", id="mindwave.E004")
        return
    if not callable(found):
        yield Error(f"{place}: {rule!r} should be callable.", id="mindwave.E004")


def _backend_error(exc: BackendError) -> Error:
    return Error(str(exc), hint=exc.hint, id=exc.check_id)


def check_deployment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Warn where strangers, or foreign pages, could spend the owner's money in production."""
    if any(True for group in mindwave_settings.groups() for _ in _check_group(group)):
        return []  # `check_settings` says what is wrong
    return [*_check_open_access(), *_check_cross_site(), *check_limits_in_production()]


def _check_open_access() -> Iterator[CheckMessage]:
    if mindwave_settings.CHAT.ACCESS == "mindwave_django.access.anyone":
        yield Warning(
            f"{mindwave_settings.CHAT.place('ACCESS')} lets everybody ask the model.",
            hint="Strangers spend what you pay. Use mindwave_django.access.authenticated, or a "
            "callable of your own.",
            id="mindwave.W002",
        )


def _check_cross_site() -> Iterator[CheckMessage]:
    """Warn unless HTTPS and SameSite cookies stand behind the rule for foreign pages.

    Browsers send `Sec-Fetch-Site` to https only; without it a GET that carries neither Origin nor
    Referer passes.
    """
    if settings.SECURE_SSL_REDIRECT and settings.SESSION_COOKIE_SAMESITE in {"Lax", "Strict"}:
        return
    yield Warning(
        "A foreign page might make a visitor's browser ask the model.",
        hint="Set SECURE_SSL_REDIRECT = True (silence this check if a proxy redirects to HTTPS) "
        "and SESSION_COOKIE_SAMESITE to 'Lax' or 'Strict'.",
        id="mindwave.W003",
    )
