"""What the widget does, in a browser, on an ASGI and on a WSGI server."""

from __future__ import annotations

from tests.browser.support import Chromium
from tests.browser.widget.answers import Answers
from tests.browser.widget.asking import Asking, Composing
from tests.browser.widget.conversations import Conversations, Tabs
from tests.browser.widget.embedding import Bubble, Embedding
from tests.browser.widget.main_flow import MainFlow
from tests.support.tried import only_with_every_server


class Behaviour(Asking, Composing, Answers, Conversations, Tabs):
    pass


class OnUvicorn(Behaviour, Chromium):
    pass


class MainFlowOnRunserver(MainFlow, Chromium):
    server_name = "runserver"


@only_with_every_server
class OnRunserver(Behaviour, Chromium):
    server_name = "runserver"


class EmbeddingOnUvicorn(Embedding, Chromium):
    pass


class BubbleOnUvicorn(Bubble, Chromium):
    pass
