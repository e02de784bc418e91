"""Counting tokens where the provider did not: with its tokenizer if that is at hand, else roughly.

tiktoken downloads a vocabulary at its first use, without a time limit. That never happens inside a
request: a vocabulary counts as being at hand only if its file lies in tiktoken's cache already.
`manage.py mindwave_tokenizer` puts it there.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mindwave_django.events import Usage, UsageSource
from mindwave_django.messages import Message

if TYPE_CHECKING:
    import tiktoken

logger = logging.getLogger("mindwave_django")

COUNT_LIMIT = 5.0  # seconds for the tokenizer, which takes one to load

# File name in tiktoken's cache (the SHA-1 of where it loads it from), and SHA-256 of the content.
VOCABULARY_FILES = {
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    ),
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    ),
}
CHARACTERS_PER_TOKEN = 4  # of English; other scripts need fewer, see `estimate`
MESSAGE_OVERHEAD = 3  # tokens that frame each message in OpenAI's chat format


async def ausage_of(messages: Sequence[Message], text: str, model: str) -> Usage:
    """Return the usage of a call as counted here, in a thread; a rough one if that takes long."""
    try:
        async with asyncio.timeout(COUNT_LIMIT):
            return await asyncio.to_thread(usage_of, messages, text, model)
    except Exception as exc:  # noqa: BLE001  # counting must not cost the answer
        logger.warning("Tokens could not be counted, only estimated: %s", type(exc).__name__)
        return _usage(messages, text, estimate, UsageSource.ESTIMATED)


def usage_of(messages: Sequence[Message], text: str, model: str) -> Usage:
    """Return the usage of a call as counted here; blocks."""
    return _usage(messages, text, *counter_for(model))


def counter_for(model: str) -> tuple[Callable[[str], int], UsageSource]:
    """Return what counts the tokens of a text for `model`, and how far to trust it; may block."""
    encoding = encoding_for(model)
    if encoding is None:
        return estimate, UsageSource.ESTIMATED
    return lambda text: len(encoding.encode_ordinary(text)), UsageSource.TOKENIZER


def _usage(
    messages: Sequence[Message], text: str, count: Callable[[str], int], source: UsageSource
) -> Usage:
    return Usage(
        input_tokens=sum(count(message.content) + MESSAGE_OVERHEAD for message in messages),
        output_tokens=count(text),
        source=source,
    )


def encoding_for(model: str) -> tiktoken.Encoding | None:
    """Return the tokenizer of `model`, or None if it has none or its file is not at hand."""
    import tiktoken.model  # noqa: PLC0415  # 50 ms that not every command should pay

    try:
        name = tiktoken.model.encoding_name_for_model(model)
    except KeyError:
        return None
    return _load(name) if is_ready(name) else None


def estimate(text: str) -> int:
    """Return roughly how many tokens `text` has: four ASCII characters each, or one other."""
    if not text:
        return 0
    ascii_characters = len(text.encode("ascii", "ignore"))
    others = len(text) - ascii_characters
    return max(1, round(ascii_characters / CHARACTERS_PER_TOKEN + others))


@cache
def _load(name: str) -> tiktoken.Encoding:
    import tiktoken  # noqa: PLC0415

    return tiktoken.get_encoding(name)


def is_ready(name: str) -> bool:
    """Return whether the vocabulary called `name` is in tiktoken's cache, whole."""
    if name in _whole:
        return True
    folder = cache_folder()
    if name not in VOCABULARY_FILES or folder is None:
        return False
    try:
        content = (folder / VOCABULARY_FILES[name][0]).read_bytes()
    except OSError:  # it is not there, or not for us to read
        return False
    # tiktoken downloads a file again whose content is not what it should be.
    if not is_whole(content, name):
        return False
    _whole.add(name)
    return True


def is_whole(content: bytes, name: str) -> bool:
    """Return whether this is the vocabulary called `name`, by its checksum."""
    return hashlib.sha256(content).hexdigest() == VOCABULARY_FILES[name][1]


_whole: set[str] = set()  # vocabularies whose files have been looked at


def cache_folder() -> Path | None:
    """Return where tiktoken looks; None if an empty variable switches its cache off."""
    for variable in ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"):
        if (folder := os.environ.get(variable)) is not None:
            return Path(folder) if folder else None
    return Path(tempfile.gettempdir()) / "data-gym-cache"
