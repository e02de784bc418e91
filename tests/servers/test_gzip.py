"""Every server: GZipMiddleware does not get at streams."""

from __future__ import annotations

from tests.servers.base import ServerTestCase
from tests.servers.behaviour import BehindGZip


class GZip(BehindGZip):
    settings_module = "tests.support.settings_gzip"


class UvicornTests(GZip, ServerTestCase):
    server_name = "uvicorn"


class DaphneTests(GZip, ServerTestCase):
    server_name = "daphne"


class HypercornTests(GZip, ServerTestCase):
    server_name = "hypercorn"


class GranianTests(GZip, ServerTestCase):
    server_name = "granian"


class GunicornUvicornTests(GZip, ServerTestCase):
    server_name = "gunicorn-uvicorn"


class GunicornASGITests(GZip, ServerTestCase):
    server_name = "gunicorn-asgi"


class GunicornSyncTests(GZip, ServerTestCase):
    server_name = "gunicorn-sync"


class GunicornGthreadTests(GZip, ServerTestCase):
    server_name = "gunicorn-gthread"


class RunserverTests(GZip, ServerTestCase):
    server_name = "runserver"
