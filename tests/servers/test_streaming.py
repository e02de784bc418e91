"""Every server: tokens one by one, heartbeats, headers, resuming."""

from __future__ import annotations

from tests.servers.base import ServerTestCase, WithRedis
from tests.servers.behaviour import Headers, Heartbeats, Progress, Resuming
from tests.support.tried import only_tried


class Streaming(Progress, Heartbeats, Headers, Resuming):
    env = {"MINDWAVE_HEARTBEAT_INTERVAL": "0.2"}


class StreamingOnRedis(WithRedis, Progress, Heartbeats, Headers, Resuming):
    """Whoever resumes comes to any worker."""


class UvicornTests(Streaming, ServerTestCase):
    server_name = "uvicorn"


class UvicornWorkersTests(StreamingOnRedis, ServerTestCase):
    server_name = "uvicorn-4"


class DaphneTests(Streaming, ServerTestCase):
    server_name = "daphne"


class HypercornTests(Streaming, ServerTestCase):
    server_name = "hypercorn"


class GranianTests(Streaming, ServerTestCase):
    server_name = "granian"


class GunicornUvicornTests(Streaming, ServerTestCase):
    server_name = "gunicorn-uvicorn"


class GunicornASGITests(Streaming, ServerTestCase):
    server_name = "gunicorn-asgi"


class GunicornSyncTests(Streaming, ServerTestCase):
    server_name = "gunicorn-sync"


class GunicornSyncWorkersTests(StreamingOnRedis, ServerTestCase):
    server_name = "gunicorn-sync-2"


class GunicornGthreadWorkersTests(StreamingOnRedis, ServerTestCase):
    server_name = "gunicorn-gthread-3"


class GunicornGthreadTests(Streaming, ServerTestCase):
    server_name = "gunicorn-gthread"


class RunserverTests(Streaming, ServerTestCase):
    server_name = "runserver"


only_tried(__name__)
