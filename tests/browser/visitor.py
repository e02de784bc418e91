"""Somebody who uses the site, with what foreign pages might spend, change or read of theirs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

TABLES = ("mindwave_django_conversation", "mindwave_django_chatmessage")

# Asks twice: the first answer is read to its end, the second nobody comes to read.
ASK_TWICE = """
async () => {
  const headers = {
    "Content-Type": "application/json",
    "X-CSRFToken": /csrftoken=(\\w+)/.exec(document.cookie)[1],
  };
  const ask = async () => {
    const body = JSON.stringify({ prompt: "Mine" });
    const response = await fetch("/mindwave/messages/", { method: "POST", headers, body });
    return response.json();
  };
  const first = await ask();
  await (await fetch(first.stream)).text();
  return [first, await ask()];
}
"""


class Visitor(NamedTuple):
    """Has a finished answer in one conversation, and in another a question that waits."""

    conversation: str
    question: str
    answer: str
    pending: str


def enter(page: Page, url: str, *, user: bool) -> Visitor:
    """Visit the site, as a user or as a stranger, and have a chat there."""
    page.goto(f"{url}/enter{'?user=1' if user else ''}")
    first, second = page.evaluate(ASK_TWICE)
    return Visitor(
        conversation=first["conversation"]["id"],
        question=first["question"]["id"],
        answer=first["message"]["id"],
        pending=second["message"]["id"],
    )


def rows(database: Path) -> dict[str, list[Any]]:
    """Return all that the chat has stored."""
    with closing(sqlite3.connect(database, timeout=60)) as connection:
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}
