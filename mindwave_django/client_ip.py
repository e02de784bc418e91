"""From which address a request comes, also behind proxies and unix sockets."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.module_loading import import_string

from mindwave_django.conf import mindwave_settings, ratelimit_settings

logger = logging.getLogger("mindwave_django")

FORWARDED = ("X-Forwarded-For", "X-Real-IP", "Forwarded")


def client_ip(request: HttpRequest) -> str:
    """Return the address that MINDWAVE['CLIENT_IP'] finds; empty if there is none.

    IPv6 addresses are cut to their network, 64 bits unless RATELIMIT_IPV6_MASK says otherwise:
    whoever has one has all of it. Never raises: what cannot be read is logged, once for each
    reason, and the address of the connection is taken instead.
    """
    source: Any = mindwave_settings.CLIENT_IP
    if source is None:
        return _unproxied(request)
    if isinstance(source, str):
        source = import_string(source)
    found = _called(source, request) if callable(source) else _forwarded(request, **source)
    if (address := _network(found)) is not None:
        return address
    _warn_once("MINDWAVE['CLIENT_IP'] finds no address in a request; the connection's is taken.")
    return _remote(request)


def _remote(request: HttpRequest) -> str:
    address = _network(request.META.get("REMOTE_ADDR"))
    if address is None:
        _warn_once(
            "Requests come without an address, as through a unix socket, and count as one "
            "visitor's: set MINDWAVE['CLIENT_IP']."
        )
    return address or ""


def _unproxied(request: HttpRequest) -> str:
    if not (address := _remote(request)):
        return ""
    local = not ipaddress.ip_address(address).is_global
    if local and any(name in request.headers for name in FORWARDED):
        _warn_once(
            "Requests come through a proxy, and all of them count as one visitor's: "
            "set MINDWAVE['CLIENT_IP']."
        )
    return address


def _called(source: Callable[[HttpRequest], Any], request: HttpRequest) -> Any:
    try:
        return source(request)
    except Exception:
        logger.exception("MINDWAVE['CLIENT_IP'] failed.")
        return None


def _forwarded(request: HttpRequest, *, HEADER: str, TRUSTED_PROXIES: int = 1) -> str:  # noqa: N803
    """Return what the outermost proxy of ours saw.

    Each proxy appends the address it was called from; what stands before the trusted ones was
    written by the client.
    """
    addresses = request.headers.get(HEADER, "").split(",")
    return addresses[-min(TRUSTED_PROXIES, len(addresses))]


def _network(text: Any) -> str | None:
    """Return the address of the network that somebody has for themselves; None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        address = ipaddress.ip_address(_without_port(text.strip()))
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    v6 = address.version == 6
    mask = ratelimit_settings.ipv6_mask if v6 else ratelimit_settings.ipv4_mask
    network = ipaddress.ip_network(f"{address}/{mask}", strict=False)
    return str(network.network_address)


def _without_port(text: str) -> str:
    """Take off what some proxies write after an address: `1.2.3.4:5`, `[::1]:5`, `fe80::1%eth0`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return text.partition("%")[0]


@cache
def _warn_once(reason: str) -> None:
    logger.warning(reason)
