"""Who stands in the way, and which line of whose configuration to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from mindwave_django.doctor.visit import Visit

NGINX, APACHE, HAPROXY, CADDY = "nginx", "Apache", "HAProxy", "Caddy"
CLOUDFLARE, ENVOY, TRAEFIK, AMAZON = "Cloudflare", "Envoy", "Traefik", "an AWS load balancer"
UNNAMED = "a proxy that does not name itself, such as HAProxy or a load balancer"
APPLICATION_SERVER = "the application server"

# What the header Server begins with, in lower case.
SIGNATURES = {
    "nginx": NGINX,
    "openresty": NGINX,
    "apache": APACHE,
    "haproxy": HAPROXY,
    "caddy": CADDY,
    "cloudflare": CLOUDFLARE,
    "envoy": ENVOY,
    "istio-envoy": ENVOY,
    "awselb": AMAZON,
}
# What HAProxy's own error pages say; it sends no Server.
HAPROXY_WORDS = (b"No server is available to handle this request", b"didn't respond in time")


class Fault(StrEnum):
    """What a layer does to a stream."""

    BUFFERED = "buffered"
    BATCHED = "batched"
    COMPRESSED = "compressed"
    CUT_WHILE_SILENT = "cut_while_silent"
    CUT_WHILE_TALKING = "cut_while_talking"
    LEAVES_LATE = "leaves_late"
    NO_UPSTREAM = "no_upstream"


REMEDIES = {
    (Fault.BUFFERED, NGINX): "proxy_buffering off; in the location of the stream, and no "
    "proxy_ignore_headers X-Accel-Buffering;",
    (Fault.BUFFERED, APACHE): "ProxyPass … flushpackets=on, and no filter that collects the body",
    (Fault.BUFFERED, CADDY): "reverse_proxy … { flush_interval -1 }",
    (Fault.BUFFERED, UNNAMED): "switch response buffering off there; in HAProxy: "
    "no option http-buffer-response, option http-no-delay",
    (Fault.BATCHED, NGINX): "proxy_buffering off; and tcp_nodelay on;",
    (Fault.BATCHED, UNNAMED): "in HAProxy: option http-no-delay",
    (Fault.BATCHED, HAPROXY): "option http-no-delay",
    (Fault.COMPRESSED, NGINX): "no text/event-stream in gzip_types, and no "
    "proxy_hide_header Content-Encoding;",
    (Fault.COMPRESSED, APACHE): "SetEnvIf Request_URI /mindwave/ no-gzip=1",
    (Fault.COMPRESSED, CADDY): "encode without text/event-stream",
    (Fault.CUT_WHILE_SILENT, NGINX): "proxy_read_timeout 300s;",
    (Fault.CUT_WHILE_SILENT, APACHE): "ProxyTimeout 300",
    (Fault.CUT_WHILE_SILENT, HAPROXY): "timeout server 300s and timeout client 300s",
    (Fault.CUT_WHILE_SILENT, UNNAMED): "its idle timeout; in HAProxy: timeout server 300s and "
    "timeout client 300s",
    (Fault.CUT_WHILE_SILENT, AMAZON): "idle_timeout.timeout_seconds 300",
    (Fault.NO_UPSTREAM, NGINX): "Does the application server run where proxy_pass points?",
    (Fault.NO_UPSTREAM, APACHE): "Does the application server run where ProxyPass points?",
    (Fault.NO_UPSTREAM, HAPROXY): "Does the application server run where `server` points?",
}
USUAL = {
    Fault.BUFFERED: "Switch the buffering of responses off there.",
    Fault.BATCHED: "Switch the delay of small packets off there.",
    Fault.COMPRESSED: "Leave text/event-stream out of what is compressed there.",
    Fault.CUT_WHILE_SILENT: "Give silent connections more time there, or set a shorter "
    "MINDWAVE['STREAMING']['HEARTBEAT_INTERVAL'].",
    Fault.CUT_WHILE_TALKING: "Give whole requests more time. gunicorn's sync workers have "
    "--timeout 30: use -k gthread, or an ASGI server.",
    Fault.LEAVES_LATE: "If a model should be stopped sooner, set a shorter "
    "MINDWAVE['STREAMING']['HEARTBEAT_INTERVAL'].",
    Fault.NO_UPSTREAM: "Does the application server run where that layer looks for it?",
}


def remedy(fault: Fault, layer: str) -> str:
    """Return the line to change."""
    return REMEDIES.get((fault, layer), USUAL[fault])


def layers_of(found: Visit, report: Mapping[str, Any] | None) -> list[str]:
    """Return who seems to be between here and the application, the outermost first.

    :param report: what the application says of how a request arrived, if it could be asked.
    """
    named = list(dict.fromkeys(_named(found, (report or {}).get("headers", {}))))
    if not named and report is not None and _is_proxied(report):
        return [UNNAMED]
    return named


def _named(found: Visit, arrived: Mapping[str, str]) -> Iterator[str]:
    said = found.headers.get("server", "").lower()
    if "cf-ray" in found.headers or "CF-Ray" in arrived:
        yield CLOUDFLARE
    yield from (name for start, name in SIGNATURES.items() if said.startswith(start))
    if "caddy" in found.headers.get("via", "").lower():
        yield CADDY
    if "X-Forwarded-Server" in arrived:  # both send it, and only one of them this too
        yield TRAEFIK if "X-Real-IP" in arrived else APACHE
    if any(words in found.body for words in HAPROXY_WORDS):
        yield HAPROXY


def _is_proxied(report: Mapping[str, Any]) -> bool:
    telling = ("Via", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP")
    return any(name in report["headers"] for name in telling)


def outermost_proxy(layers: list[str]) -> str:
    """Return whom to suspect for what no application server does."""
    return layers[0] if layers else UNNAMED


def outermost(layers: list[str], report: Mapping[str, Any] | None) -> str:
    """Return whom to suspect first: the outermost layer, or the application server if alone."""
    if layers:
        return layers[0]
    server = (report or {}).get("server", "")
    return f"{APPLICATION_SERVER} ({server})" if server else APPLICATION_SERVER
