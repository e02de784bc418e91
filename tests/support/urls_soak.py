"""The example's URLs, and one that counts what a process holds."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import path

from example.urls import urlpatterns as usual
from mindwave_django.streaming.capacity import capacity


async def held(request: HttpRequest) -> JsonResponse:
    """Count what a leak would make more of."""
    gc.collect()
    return JsonResponse(
        {
            "tasks": len(asyncio.all_tasks()),
            "threads": threading.active_count(),
            "answers": len(capacity),
        }
    )


urlpatterns: list[Any] = [path("held/", held), *usual]
