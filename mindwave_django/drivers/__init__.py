"""Drivers by alias: `drivers["default"]`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from mindwave_django.backends import create_backend, unknown
from mindwave_django.conf import SETTING, mindwave_settings
from mindwave_django.drivers.base import Driver

__all__ = ["DEFAULT_ALIAS", "Driver", "drivers"]

DEFAULT_ALIAS = "default"


class DriverHandler:
    """Builds each driver of MINDWAVE['DRIVERS'] once, at its first use.

    A plain dict and not `BaseConnectionHandler`, which would build one driver per asyncio task.
    """

    def __init__(self) -> None:
        self._drivers: dict[str, Driver] = {}
        self._overrides: dict[str, Driver] = {}

    def __getitem__(self, alias: str) -> Driver:
        """Return the driver called `alias`; raise ImproperlyConfigured if it cannot be had."""
        if alias in self._overrides:
            return self._overrides[alias]
        if alias not in self._drivers:
            # Two threads may build one each; both get the first.
            self._drivers.setdefault(alias, self._create(alias))
        return self._drivers[alias]

    def _create(self, alias: str) -> Driver:
        configured = mindwave_settings.DRIVERS
        if alias not in configured:
            raise ImproperlyConfigured(
                f"{self.place()} has no driver {alias!r}. {unknown(alias, configured)}"
            )
        return create_backend(self.place(alias), configured[alias], Driver, alias=alias)  # type: ignore[type-abstract]

    @staticmethod
    def place(*keys: str) -> str:
        """Name the place of a driver in the settings."""
        return mindwave_settings.place("DRIVERS", *keys)

    @contextmanager
    def override(self, driver: Driver) -> Iterator[None]:
        """Let `driver` answer for its alias inside the block, whatever the settings say."""
        before = dict(self._overrides)
        self._overrides[driver.alias] = driver
        try:
            yield
        finally:
            self._overrides = before

    def reset(self, *, setting: str, **kwargs: Any) -> None:
        """Forget every driver when the settings change, as they do in tests."""
        if setting == SETTING:
            self._drivers.clear()


drivers = DriverHandler()
setting_changed.connect(drivers.reset, dispatch_uid="mindwave_django.drivers")
