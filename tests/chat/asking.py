"""How tests use the chat: its URLs, through either of Django's clients."""

from __future__ import annotations

import uuid
from typing import Any

from tests.clients import Answered, WithClient

BASE = "/mindwave/"
MESSAGES, CONVERSATIONS = f"{BASE}messages/", f"{BASE}conversations/"


class WithChat(WithClient):
    """Posts questions and reads answers."""

    def post(self, prompt: str = "Hi", **data: Any) -> Answered:
        headers = data.pop("headers", None)
        return self.post_json(MESSAGES, {"prompt": prompt} | data, headers=headers)

    def ask_in(self, conversation: str | None = None, prompt: str = "Hi") -> Any:
        """Post a question, and return what the 201 said."""
        answered = self.post(prompt, **({"conversation": conversation} if conversation else {}))
        assert answered.status == 201, answered.body
        return answered.json

    def read(self, posted: Any, **extra: Any) -> Answered:
        return self.ask(posted["stream"], **extra)

    def message(self, posted: Any, action: str, data: Any = None, **extra: Any) -> Answered:
        """Post something to a message, by default to the answer."""
        pk = extra.pop("pk", None) or posted["message"]["id"]
        return self.post_json(f"{MESSAGES}{pk}/{action}/", data or {}, **extra)

    def conversation(self, posted: Any) -> Any:
        return self.ask(f"{CONVERSATIONS}{posted['conversation']['id']}/").json


def unknown() -> str:
    return str(uuid.uuid4())
