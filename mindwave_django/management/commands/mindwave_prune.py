"""Deletes what is kept no longer: `manage.py mindwave_prune --older-than 30d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from mindwave_django.erasure import (
    BATCH_SIZE,
    MAX_BATCH_SIZE,
    Deleted,
    count,
    delete_in_batches,
    total,
    unused_for,
    without_live_answer,
)
from mindwave_django.models import Conversation
from mindwave_django.usage.rollup import forget_owner

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
MOST_DAYS = 36_500


def age(text: str) -> timedelta:
    """Read a number with a unit: 30d."""
    found = re.fullmatch(r"([1-9][0-9]{0,9})([smhdw])", text)
    if found is None:
        raise CommandError(
            "--older-than should be a whole number from 1 with a unit, one of s, m, h, d and w, "
            f"such as 30d; got {text!r}."
        )
    seconds = int(found[1]) * SECONDS[found[2]]
    if seconds > MOST_DAYS * SECONDS["d"]:
        raise CommandError(f"--older-than should be at most {MOST_DAYS}d, got {text!r}.")
    return timedelta(seconds=seconds)


def owner_named(text: str) -> str:
    """Read an owner: u:42."""
    if not re.fullmatch(r"[us]:.+", text):
        raise CommandError(
            "--owner should be u:<primary key of a user> or s:<token of a session>, such as u:42; "
            f"got {text!r}."
        )
    return text


def size(text: str) -> int:
    """Read a number of conversations."""
    if not (re.fullmatch(r"[1-9][0-9]{0,3}", text) and int(text) <= MAX_BATCH_SIZE):
        raise CommandError(
            f"--batch-size should be a whole number from 1 to {MAX_BATCH_SIZE}, got {text!r}."
        )
    return int(text)


class Command(BaseCommand):
    help = (
        "Delete conversations with their messages: those in which nothing was asked for a time, "
        "everything of one owner, or both together. A conversation whose answer is being written "
        "is not too old, but goes with its owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to delete, and how."""
        parser.add_argument(
            "--older-than",
            metavar="AGE",
            help="delete what was not used for this time: a number with s, m, h, d or w (30d)",
        )
        parser.add_argument("--owner", help="delete only what is theirs: u:<primary key of a user>")
        parser.add_argument(
            "--batch-size",
            default=str(BATCH_SIZE),
            metavar="N",
            help=f"conversations to delete in one transaction; {BATCH_SIZE} by default",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(
        self,
        *args: Any,
        older_than: str | None,
        owner: str | None,
        batch_size: str | int,
        dry_run: bool,
        **options: Any,
    ) -> None:
        """Delete, and say how much that was."""
        doomed = _doomed(older_than, owner)
        per_batch = size(str(batch_size))
        if dry_run:
            self.stdout.write(f"Would delete {_in_words(count(doomed))}.")
        else:
            deleted = total(delete_in_batches(doomed, per_batch))
            if owner is not None and older_than is None:
                forget_owner(owner)
            self.stdout.write(f"Deleted {_in_words(deleted)}.")


def _doomed(older_than: str | None, owner: str | None) -> QuerySet[Conversation]:
    if older_than is None and owner is None:
        raise CommandError(
            "Nothing says what to delete: give --older-than 30d, --owner u:42, or both."
        )
    found = Conversation.objects.all()
    if owner is not None:
        found = found.filter(owner=owner_named(owner))
    if older_than is not None:
        found = without_live_answer(unused_for(found, age(older_than)))
    return found


def _in_words(amount: Deleted) -> str:
    return f"{_number(amount.conversations, 'conversation')} with " + _number(
        amount.messages, "message"
    )


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
