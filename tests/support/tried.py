"""What is tried: everything with EVERY_SERVER in the environment, else what shows most."""

from __future__ import annotations

import os
import sys

EVERY_SERVER = bool(os.environ.get("EVERY_SERVER"))
# For each of ASGI and WSGI, with one worker and with several.
FEW = {"uvicorn", "uvicorn-4", "gunicorn-gthread", "gunicorn-gthread-3"}


def only_tried(module: str) -> None:
    """Leave out test cases of a module for servers that are not tried now."""
    if EVERY_SERVER:
        return
    cases = vars(sys.modules[module])
    for name, case in tuple(cases.items()):
        if getattr(case, "server_name", None) not in {None, *FEW}:
            del cases[name]


def only_with_every_server(case: type) -> type | None:
    """Leave out a test case that shows the same again, elsewhere, unless everything is tried."""
    return case if EVERY_SERVER else None
