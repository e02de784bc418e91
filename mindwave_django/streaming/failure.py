"""What a failure may say in a log: no key, no prompt, no words of a provider unless asked."""

from __future__ import annotations

import re
import traceback

from mindwave_django.conf import mindwave_settings
from mindwave_django.exceptions import MindwaveError

_KEYS = re.compile(
    r"(?i:bearer)\s+[\w.~+/*=-]{8,}|\b(?:(?:sk|rk|pk|xai)-|gsk_)[\w*-]{6,}|\bAIza[\w-]{20,}",
    re.ASCII,
)


def without_keys(text: str) -> str:
    """Return a text without what looks like a credential of a provider."""
    return _KEYS.sub("<key>", text)


def describe_failure(exc: BaseException) -> str:
    """Return what to log about `exc`; with MINDWAVE['LOG_CONTENT'] everything but keys.

    Our own errors hold identifiers only. Any other exception's message may repeat the prompt or a
    key, so it is withheld; its type and where it was raised are not.
    """
    show_content = mindwave_settings.LOG_CONTENT
    if isinstance(exc, MindwaveError):
        detail = f" ({without_keys(exc.detail)})" if show_content and exc.detail else ""
        return f"{type(exc).__name__}: {exc}{detail}"
    if show_content:
        return without_keys("".join(traceback.format_exception(exc)))
    frames = "".join(traceback.format_tb(exc.__traceback__))
    withheld = "message withheld, MINDWAVE['LOG_CONTENT'] = True shows it"
    return f"{type(exc).__qualname__} ({withheld})\n{frames}"
