"""Whether pages of another origin may read the streams."""

from __future__ import annotations

from collections.abc import Iterator

from mindwave_django.conf import mindwave_settings
from mindwave_django.doctor.findings import Finding, error, fine
from mindwave_django.doctor.visit import Unreachable, visit

LIMIT = 10.0  # seconds


def look_at_origin(probe: str, own: str, origin: str | None) -> Iterator[Finding]:
    """Ask as a page of `origin` would; nothing if none is given, or if it is the site's own."""
    if origin is None or origin == own:
        return
    try:
        headers = visit(probe, limit=LIMIT, headers={"Origin": origin}).headers
    except Unreachable as exc:
        yield error("unreachable", str(exc))
        return
    allowed = headers.get("access-control-allow-origin", "")
    if allowed not in {origin, "*"}:
        yield error(
            "cors_refused",
            f"Pages of {origin} cannot read the stream: Access-Control-Allow-Origin is "
            f"{allowed or 'missing'}. EventSource closes at once there.",
            f"django-cors-headers: CORS_ALLOWED_ORIGINS = [{origin!r}]",
            "CORS",
        )
    elif headers.get("access-control-allow-credentials") != "true":
        yield error(
            "cors_without_cookies",
            f"Pages of {origin} can read what everybody may; their cookies are not sent along.",
            "django-cors-headers: CORS_ALLOW_CREDENTIALS = True",
            "CORS",
        )
    elif origin not in mindwave_settings.CHAT.ALLOWED_ORIGINS:
        yield error(
            "origin_not_allowed",
            f"The shipped views refuse pages of {origin} as foreign.",
            f"{mindwave_settings.CHAT.place('ALLOWED_ORIGINS')} = [{origin!r}]",
            "mindwave_django",
        )
    else:
        yield fine("cors", f"Pages of {origin} may read the streams, with cookies.")
