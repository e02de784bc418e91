"""Which earlier messages a model is shown: those that fit its context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mindwave_django.conf import mindwave_settings
from mindwave_django.messages import Message, Role
from mindwave_django.models import ChatMessage
from mindwave_django.tokens import MESSAGE_OVERHEAD, counter_for

# Tokens of input and output together, by the beginning of a model's name; the longest one counts.
# From the providers' model pages, read on 2026-11-25.
CONTEXT_WINDOWS = {
    "": 16_000,  # a model that nobody here knows; most have more
    "claude-": 200_000,
    "deepseek-": 64_000,
    "gemini-": 1_000_000,
    "gpt-3.5-turbo": 16_385,
    "gpt-4": 8_192,
    "gpt-4-turbo": 128_000,
    "gpt-4.1": 1_047_576,
    "gpt-4o": 128_000,
    "gpt-5": 400_000,
    "llama-3": 128_000,
    "llama3": 128_000,
    "mistral-": 128_000,
    "o1": 200_000,
    "o3": 200_000,
    "o4-mini": 200_000,
    "qwen": 32_000,
}
PAGE = 20  # messages that are read at once
REPLY_OVERHEAD = 3  # tokens that open the answer in OpenAI's chat format


def context_window(model: str) -> int:
    """Return how many tokens `model` can take in and give out together.

    From MINDWAVE['CHAT']['CONTEXT_WINDOWS'], then from the table here.
    """
    known = CONTEXT_WINDOWS | dict(mindwave_settings.CHAT.CONTEXT_WINDOWS)
    return known[max((name for name in known if model.startswith(name)), key=len)]


def messages_for(answer: ChatMessage, *, model: str, reserved: int) -> list[Message]:
    """Return what the model is shown for `answer`; reads the database, and may count for long.

    The system prompt, then the latest messages that fit, oldest first, then the question. Both ends
    are there in any case. `reserved` tokens are kept for the answer.
    """
    question = answer.reply_to
    if question is None:
        raise ValueError(f"Message {answer.pk} answers no question.")
    system = mindwave_settings.CHAT.SYSTEM_PROMPT
    return fit(
        [Message(Role.SYSTEM, system)] if system else [],
        _earlier(question),
        Message(Role.USER, question.content),
        model=model,
        budget=context_window(model) - reserved,
    )


def fit(
    system: list[Message],
    earlier: Iterable[Message],
    question: Message,
    *,
    model: str,
    budget: int,
) -> list[Message]:
    """Return `system`, as much of `earlier` as fits `budget` tokens, and `question`.

    `earlier` comes latest first and is read no further than it fits; what is shown of it begins
    with a question.
    """
    count, _ = counter_for(model)
    left = budget - REPLY_OVERHEAD - sum(_cost(count, m) for m in (*system, question))
    shown: list[Message] = []
    for message in earlier:
        left -= _cost(count, message)
        if left < 0:
            break
        shown.append(message)
    while shown and shown[-1].role is not Role.USER:
        shown.pop()
    return [*system, *reversed(shown), question]


def _cost(count: Callable[[str], int], message: Message) -> int:
    return count(message.content) + MESSAGE_OVERHEAD


def _earlier(question: ChatMessage) -> Iterator[Message]:
    """Yield what counts of the conversation before `question`, latest first.

    Answers that were cancelled or broke off are shown as far as they came; those without any text
    are not. Read in pages, and not with a cursor of the database: that takes four ways there and
    back, and fails where a pool such as PgBouncer gives every transaction another connection.
    """
    told = ChatMessage.objects.filter(
        conversation_id=question.conversation_id, replaced_by=None
    ).exclude(content="")
    turns = told.order_by("-position").values_list("position", "role", "content")
    before = question.position
    while before > 0:
        page = list(turns.filter(position__lt=before)[:PAGE])
        yield from (Message(Role(role), content) for _, role, content in page)
        before = page[-1][0] if len(page) == PAGE else 0
