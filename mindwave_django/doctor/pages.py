"""What the pages around the chat need: static files, forms, sessions, other origins."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils.http import is_same_domain
from django.utils.module_loading import import_string

from mindwave_django.conf import mindwave_settings
from mindwave_django.doctor.findings import Finding, error, fine, note, warning

SCRIPT = "mindwave_django/client.js"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
SESSIONS = "django.contrib.sessions.middleware.SessionMiddleware"
CORS = "corsheaders.middleware.CorsMiddleware"


def look_at_pages() -> Iterator[Finding]:
    """See whether a page with the widget would work."""
    yield _static_files()
    yield from _middleware_for_forms()
    yield from _other_origins()


def _static_files() -> Finding:
    if "django.contrib.staticfiles" not in settings.INSTALLED_APPS:
        return warning(
            "staticfiles_app",
            "Nobody serves the scripts of the widget.",
            "Add 'django.contrib.staticfiles' to INSTALLED_APPS.",
        )
    if finders.find(SCRIPT) is None:
        return error(
            "static_not_found",
            f"No finder of STATICFILES_FINDERS finds {SCRIPT}.",
            "Keep 'django.contrib.staticfiles.finders.AppDirectoriesFinder' in "
            "STATICFILES_FINDERS.",
        )
    if not settings.DEBUG and not _is_collected():
        return warning(
            "static_not_collected",
            "The scripts of the widget are not where static files are collected.",
            "Set STATIC_ROOT and run: python manage.py collectstatic",
        )
    return fine("static", "The scripts of the widget are found.")


def _is_collected() -> bool:
    stored_name = getattr(staticfiles_storage, "stored_name", str)  # with a hash in it
    try:
        return bool(staticfiles_storage.exists(stored_name(SCRIPT)))
    except Exception:  # noqa: BLE001  # each storage has errors of its own
        return False


def _middleware_for_forms() -> Iterator[Finding]:
    if not _is_used(CSRF):
        yield warning(
            "csrf_middleware",
            "CsrfViewMiddleware is not used: nothing gives pages the token that the chat wants.",
            f"Add {CSRF!r} to MIDDLEWARE.",
        )
    if not _is_used(SESSIONS):
        yield note(
            "sessions",
            "There are no sessions: only people who log in another way can keep conversations.",
            f"Add {SESSIONS!r} to MIDDLEWARE if strangers may chat.",
        )


def _other_origins() -> Iterator[Finding]:
    allowed = mindwave_settings.CHAT.ALLOWED_ORIGINS
    if not allowed:
        return
    if not _is_used(CORS):
        yield warning(
            "cors_middleware",
            f"{mindwave_settings.CHAT.place('ALLOWED_ORIGINS')} lets {allowed[0]} ask, but nothing "
            "sends CORS headers: its pages cannot read the answers.",
            f"Install django-cors-headers and put {CORS!r} first in MIDDLEWARE.",
        )
    missing = [each for each in allowed if not _is_trusted(each)]
    if missing:
        yield warning(
            "csrf_trusted_origins",
            f"{missing[0]} may ask, but its posts are refused as forged.",
            f"Add it to CSRF_TRUSTED_ORIGINS: [{missing[0]!r}]",
        )


def _is_trusted(origin: str) -> bool:
    """Return whether Django's CSRF check lets this origin post; a `*` is any subdomain there."""
    scheme, _, host = origin.rstrip("/").partition("://")
    trusted = (each.partition("://") for each in settings.CSRF_TRUSTED_ORIGINS)
    return any(
        scheme == its_scheme and is_same_domain(host, its_host.removeprefix("*"))
        for its_scheme, _, its_host in trusted
    )


def _is_used(path: str) -> bool:
    """Return whether this middleware is used, or one that derives from it."""
    wanted = _imported(path)
    return any(
        path == each
        or (
            isinstance(wanted, type)
            and isinstance(found := _imported(each), type)
            and issubclass(found, wanted)
        )
        for each in settings.MIDDLEWARE
    )


def _imported(path: str) -> object:
    try:
        found: object = import_string(path)
    except ImportError:
        return None
    return found
