"""Settings of the example project: everything that may differ comes from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent

# For the example only. A site of your own needs a secret key that nobody knows.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "the-example-project-is-no-secret")
DEBUG = os.environ.get("DJANGO_DEBUG", "1") == "1"
ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "127.0.0.1,localhost,testserver").split(",")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "mindwave_django",
    "chat",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "example.urls"
WSGI_APPLICATION = "example.wsgi.application"
ASGI_APPLICATION = "example.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


def seconds(variable: str, default: float) -> float:
    """Read a number of seconds from the environment."""
    value = os.environ.get(variable, str(default))
    try:
        return float(value)
    except ValueError:
        raise ImproperlyConfigured(
            f"{variable} should be a number of seconds, got {value!r}."
        ) from None


def database(url: str) -> dict[str, object]:
    """Read a database from an address: sqlite:///path or postgres://user:password@host:port/name."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path[1:]),
            # Many streams may end, and save their messages, at the same time.
            "OPTIONS": {"timeout": 30, "init_command": "PRAGMA journal_mode=WAL"},
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": parts.port or "",
        }
    raise ImproperlyConfigured(
        f"DATABASE_URL should begin with sqlite:/// or postgres://, got scheme {parts.scheme!r}."
    )


DATABASES = {
    "default": database(os.environ.get("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}"))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if REDIS_URL := os.environ.get("REDIS_URL"):
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    }

TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
LANGUAGE_CODE = "en"
STATIC_URL = "static/"

OPENAI_API_KEY = os.environ.get("OPENAI_API_KEY")
OPENAI_BASE_URL = os.environ.get("OPENAI_BASE_URL")
DRIVER = os.environ.get(
    "MINDWAVE_DRIVER", "openai" if OPENAI_API_KEY or OPENAI_BASE_URL else "demo"
)

DRIVERS = {
    "demo": {"BACKEND": "mindwave_django.drivers.demo.DemoDriver"},
    "openai": {
        "BACKEND": "mindwave_django.drivers.openai.OpenAIDriver",
        "OPTIONS": {
            "api_key": OPENAI_API_KEY,
            "base_url": OPENAI_BASE_URL,
            "model": os.environ.get("OPENAI_MODEL", "gpt-4.1-mini"),
        },
    },
}
if DRIVER not in DRIVERS:
    raise ImproperlyConfigured(
        f"MINDWAVE_DRIVER should be one of {', '.join(DRIVERS)}, got {DRIVER!r}."
    )

MINDWAVE = {
    "DRIVERS": {"default": DRIVERS[DRIVER], "demo": DRIVERS["demo"]},
    "STREAMING": {
        "TIMEOUT": seconds("MINDWAVE_STREAM_TIMEOUT", 300),
        "FLUSH_INTERVAL": seconds("MINDWAVE_STREAM_FLUSH_INTERVAL", 0),
        "HEARTBEAT_INTERVAL": seconds("MINDWAVE_HEARTBEAT_INTERVAL", 15),
    },
    # The example is open to everybody. A site on the internet should not be.
    "CHAT": {
        "ACCESS": "mindwave_django.access.anyone",
        "RATE": os.environ.get("MINDWAVE_RATE", "10/m") or None,
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"brief": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "brief"}},
    "loggers": {"mindwave_django": {"handlers": ["console"], "level": "INFO"}},
}
