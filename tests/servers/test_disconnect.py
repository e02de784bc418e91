"""Every server: a reader who leaves for good ends the call to the model."""

from __future__ import annotations

from tests.servers.base import ServerTestCase
from tests.servers.behaviour import Leaving
from tests.support.tried import only_tried


class Disconnect(Leaving):
    settings_module = "tests.support.settings_grace"
    env = {"MINDWAVE_RECONNECT_GRACE": "0.2", "MINDWAVE_HEARTBEAT_INTERVAL": "0.2"}


class UvicornTests(Disconnect, ServerTestCase):
    server_name = "uvicorn"


class UvicornWorkersTests(Disconnect, ServerTestCase):
    server_name = "uvicorn-4"


class DaphneTests(Disconnect, ServerTestCase):
    server_name = "daphne"


class HypercornTests(Disconnect, ServerTestCase):
    server_name = "hypercorn"


class GranianTests(Disconnect, ServerTestCase):
    server_name = "granian"


class GunicornUvicornTests(Disconnect, ServerTestCase):
    server_name = "gunicorn-uvicorn"


class GunicornASGITests(Disconnect, ServerTestCase):
    server_name = "gunicorn-asgi"


class GunicornSyncTests(Disconnect, ServerTestCase):
    server_name = "gunicorn-sync"


class GunicornSyncWorkersTests(Disconnect, ServerTestCase):
    server_name = "gunicorn-sync-2"


class GunicornGthreadTests(Disconnect, ServerTestCase):
    server_name = "gunicorn-gthread"


class RunserverTests(Disconnect, ServerTestCase):
    server_name = "runserver"


only_tried(__name__)
