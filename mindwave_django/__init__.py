"""Stream answers of language models through Django."""

from __future__ import annotations

from mindwave_django.api import llm, stream

__all__ = ["__version__", "llm", "stream"]

__version__ = "0.1.0"
