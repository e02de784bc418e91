"""Classes named in the settings by BACKEND and OPTIONS, as Django has them for caches and tasks."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.utils.module_loading import import_string

from mindwave_django.conf import SETTING, Group

T = TypeVar("T")


class BackendError(ImproperlyConfigured):
    """A BACKEND or its OPTIONS are wrong; `check_id` and `hint` are for the system check."""

    def __init__(self, message: str, *, check_id: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.check_id = check_id
        self.hint = hint


def unknown(key: str, known: Iterable[str]) -> str:
    """Return the hint for an unknown key: the nearest known one, and all of them."""
    names = sorted(known)
    nearest = get_close_matches(key, names, n=1)
    guess = f"Did you mean {nearest[0]!r}? " if nearest else ""
    return f"{guess}Known: {', '.join(names) or 'none'}."


def create_backend(place: str, config: object, base: type[T], **extra: object) -> T:
    """Build the class that `config` names by BACKEND, with its OPTIONS as keyword arguments.

    `place` opens every error: `MINDWAVE['DRIVERS']['default']: …`. Raises BackendError for a config
    that is no dict, a class that cannot be imported or is no `base`, and options that do not fit.
    """
    backend, options = _parse(place, config)
    cls = _import(place, backend, base)
    _require_known_options(place, cls, options, extra)
    try:
        return cls(**extra, **options)
    except (TypeError, ValueError) as exc:
        raise BackendError(f"{place}: {exc}", check_id="mindwave.E005") from exc


def _parse(place: str, config: object) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(config, Mapping):
        raise BackendError(f"{place} should be a dict, got {config!r}.", check_id="mindwave.E002")
    for key in config.keys() - {"BACKEND", "OPTIONS"}:
        raise BackendError(
            f"{place} has no key {key!r}.",
            check_id="mindwave.E001",
            hint=unknown(str(key), ("BACKEND", "OPTIONS")),
        )
    backend, options = config.get("BACKEND"), config.get("OPTIONS", {})
    if not isinstance(backend, str):
        raise BackendError(
            f"{place}['BACKEND'] should be the dotted path of a class, got {backend!r}.",
            check_id="mindwave.E002",
        )
    if not isinstance(options, Mapping):
        raise BackendError(
            f"{place}['OPTIONS'] should be a dict, got {type(options).__name__}.",
            check_id="mindwave.E002",
        )
    return backend, options


def _import(place: str, backend: str, base: type[T]) -> type[T]:
    try:
        cls = import_string(backend)
    except (ImportError, ValueError, TypeError) as exc:  # the last two for ".x" and "..x"
        raise BackendError(
            f"{place}: Could not import BACKEND {backend!r}: {exc}", check_id="mindwave.E004"
        ) from exc
    if not (isinstance(cls, type) and issubclass(cls, base)):
        raise BackendError(
            f"{place}: BACKEND {backend!r} should be a subclass of {base.__module__}."
            f"{base.__qualname__}.",
            check_id="mindwave.E004",
        )
    return cls


def _require_known_options(
    place: str, cls: type, options: Mapping[str, Any], extra: Mapping[str, object]
) -> None:
    parameters = inspect.signature(cls).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    known = parameters.keys() - extra.keys()
    for key in options.keys() - known:
        raise BackendError(
            f"{place}: {cls.__name__} has no option {key!r}.",
            check_id="mindwave.E005",
            hint=unknown(str(key), known),
        )


class CurrentBackend(Generic[T]):
    """The instance of the class that one setting names, built when it is first asked for."""

    def __init__(self, group: Group, name: str, base: type[T]) -> None:
        self._group = group
        self._name = name
        self._base = base
        self._backend: T | None = None
        setting_changed.connect(self._reset)

    def __call__(self) -> T:
        """Return the instance; raise BackendError if it cannot be built."""
        if self._backend is None:
            self._backend = self.create()
        return self._backend

    def create(self) -> T:
        """Return a new instance, as checks want one."""
        config = getattr(self._group, self._name)
        return create_backend(self._group.place(self._name), config, self._base)

    def forget(self) -> None:
        """Build another one next time."""
        self._backend = None

    def _reset(self, *, setting: str, **kwargs: Any) -> None:
        if setting == SETTING:
            self.forget()
