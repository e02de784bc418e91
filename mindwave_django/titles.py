"""What a conversation is called."""

from __future__ import annotations

import logging
from inspect import isawaitable, iscoroutinefunction
from typing import Any

from asgiref.sync import sync_to_async
from django.utils.module_loading import import_string
from django.utils.text import Truncator

from mindwave_django.conf import mindwave_settings
from mindwave_django.models import TITLE_LENGTH, Conversation
from mindwave_django.signals import StreamEnded
from mindwave_django.streaming.failure import describe_failure

logger = logging.getLogger("mindwave_django")

FIRST_WORDS_LENGTH = 60  # characters


def first_words(prompt: str) -> str:
    """Return the first words of a prompt on one line, as the title until there is a better one."""
    line = " ".join(prompt.split())
    words = line[: FIRST_WORDS_LENGTH + 1].rpartition(" ")[0]
    if len(line) <= FIRST_WORDS_LENGTH:
        return line
    return f"{words}…" if words else Truncator(line).chars(FIRST_WORDS_LENGTH)


async def name_conversation(sender: type, event: StreamEnded, **kwargs: Any) -> None:
    """Receive `stream_completed`: let MINDWAVE['CHAT']['TITLE'] name a conversation that is new.

    The hook is called with the prompt and the answer, and returns the title. A title that somebody
    has changed meanwhile is kept.
    """
    hook = mindwave_settings.CHAT.TITLE
    conversation = event.context.get("conversation")
    if hook is None or conversation is None or not event.context.get("is_first"):
        return
    try:
        title = " ".join(str(await _call(hook, event.prompt, event.text)).split())
    except Exception as exc:  # noqa: BLE001  # a hook is somebody else's code
        logger.error("CHAT['TITLE'] failed: %s", describe_failure(exc))  # noqa: TRY400
        return
    if title:
        untouched = Conversation.objects.filter(pk=conversation, title=first_words(event.prompt))
        await untouched.aupdate(title=title[:TITLE_LENGTH])


async def _call(hook: Any, prompt: str, answer: str) -> Any:
    if isinstance(hook, str):
        hook = import_string(hook)
    if iscoroutinefunction(hook):
        return await hook(prompt, answer)
    title = await sync_to_async(hook)(prompt, answer)
    return await title if isawaitable(title) else title
