"""Whose calls the ledger says they are: after erasing, pruning and logging in."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from typing import Any
from unittest import mock

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import TestCase, override_settings

from mindwave_django import ledger
from mindwave_django.adoption import adopt
from mindwave_django.erasure import erase_owner, erase_user
from mindwave_django.models import ChatMessage, ProviderCall
from mindwave_django.testing import fake_driver
from mindwave_django.usage.days import DAY, last_days, today
from mindwave_django.usage.report import Report
from tests.chat.asking import WithChat
from tests.usage.calls import call

OPEN = {"CHAT": {"ACCESS": "mindwave_django.access.anyone"}}


@override_settings(MINDWAVE=OPEN)
class OwnerTests(WithChat, TestCase):
    def setUp(self) -> None:
        super().setUp()
        for days in (0, 3):
            call(today() - days * DAY, owner="u:1", trace_id="7" * 32, cost=Decimal("0.5"))
        call(today() - 3 * DAY, owner="u:2")
        Report(last_days(7))

    def owners(self) -> dict[str, int]:
        found = Report(last_days(7)).by("owner")
        return {owner: total.calls for owner, total in found.items()}

    def test_erased_owner_leaves_figures(self) -> None:
        assert self.owners() == {"u:1": 2, "u:2": 1}
        erase_owner("u:1")
        assert self.owners() == {"": 2, "u:2": 1}
        assert Report(last_days(7)).total.cost == 1
        assert set(ProviderCall.objects.values_list("owner", "trace_id")) == {
            ("", ""),
            ("u:2", ""),
        }

    def test_erased_user(self) -> None:
        user = get_user_model().objects.create_user("ann", pk=1)
        erase_user(user)
        assert self.owners() == {"": 2, "u:2": 1}

    def test_pruned_owner(self) -> None:
        call_command("mindwave_prune", owner="u:1", dry_run=True, stdout=StringIO())
        assert self.owners() == {"u:1": 2, "u:2": 1}
        call_command("mindwave_prune", owner="u:1", stdout=StringIO())
        assert self.owners() == {"": 2, "u:2": 1}

    def test_old_conversations_take_nothing_along(self) -> None:
        call_command("mindwave_prune", owner="u:1", older_than="1s", stdout=StringIO())
        call_command("mindwave_prune", older_than="1s", stdout=StringIO())
        assert self.owners() == {"u:1": 2, "u:2": 1}

    def test_adopted(self) -> None:
        adopt("u:1", "u:9")
        assert self.owners() == {"u:9": 2, "u:2": 1}

    def ask_and(self, meanwhile: Any) -> ProviderCall:
        """Ask, and let something happen to the owner before the answer ends."""
        with fake_driver("Hello"):
            posted = self.post().json
            owner = ChatMessage.objects.get(pk=posted["message"]["id"]).owner
            save = ledger.add_call

            def late(*args: Any, **kwargs: Any) -> None:
                meanwhile(owner)
                save(*args, **kwargs)

            with mock.patch.object(ledger, "add_call", late):
                self.read(posted)
        return ProviderCall.objects.get(pk=posted["message"]["id"])

    def test_erased_while_the_answer_was_written(self) -> None:
        assert self.ask_and(erase_owner).owner == ""

    def test_adopted_while_the_answer_was_written(self) -> None:
        assert self.ask_and(lambda owner: adopt(owner, "u:9")).owner == "u:9"
