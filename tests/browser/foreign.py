"""A site of somebody else: its pages, and redirects to wherever it likes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

BLANK = '<!doctype html><title>Elsewhere</title><link rel="icon" href="data:,"><body></body>'


class Handler(BaseHTTPRequestHandler):
    """Serves files by their path, redirects from `/redirect?<address>`, and else an empty page."""

    def __init__(self, *args: Any, files: Mapping[str, str]) -> None:
        self._files = files
        super().__init__(*args)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if path == "/redirect":
            self._answer(307, Location=unquote(query))  # keeps method and body
            return
        kind = "text/javascript" if path.endswith(".js") else "text/html"
        self._answer(
            200, self._files.get(path, BLANK), **{"Content-Type": f"{kind}; charset=utf-8"}
        )

    do_POST = do_GET  # noqa: N815  # the base class's name

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self, status: int, content: str = "", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content.encode())


@contextmanager
def foreign_site(files: Mapping[str, str] | None = None) -> Iterator[int]:
    """Serve the files on a port of this machine, and give the port.

    For the project's site at 127.0.0.1 the port alone makes another origin of the same site, and
    with the name `localhost` another site.
    """
    handler = partial(Handler, files={} if files is None else files)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
