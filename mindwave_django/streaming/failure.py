"""What a failure may say in a log: no key, no prompt, no words of a provider unless asked."""

from __future__ import annotations

import traceback

from mindwave_django.conf import mindwave_settings
from mindwave_django.exceptions import MindwaveError


def describe_failure(exc: BaseException) -> str:
    """Return what to log about `exc`; with MINDWAVE['LOG_CONTENT'] everything there is.

    Our own errors hold identifiers only. Any other exception's message may repeat the prompt or a
    key, so it is withheld; its type and where it was raised are not.
    """
    show_content = mindwave_settings.LOG_CONTENT
    if isinstance(exc, MindwaveError):
        detail = f" ({exc.detail})" if show_content and exc.detail else ""
        return f"{type(exc).__name__}: {exc}{detail}"
    if show_content:
        return "".join(traceback.format_exception(exc))
    frames = "".join(traceback.format_tb(exc.__traceback__))
    withheld = "message withheld, MINDWAVE['LOG_CONTENT'] = True shows it"
    return f"{type(exc).__qualname__} ({withheld})\n{frames}"
