"""docs/commands.md and docs/admin.md say what there is."""

from __future__ import annotations

import re

from django.contrib.auth import get_user_model
from django.core.management import find_commands, load_command_class
from django.db.models.signals import pre_delete
from django.test import SimpleTestCase, TestCase

from mindwave_django.models import Conversation
from tests.management.rows import talk
from tests.pages import rows, run, sample, section
from tests.support.processes import ROOT

DJANGOS_OWN = {"--help", "--version", "--verbosity", "--settings", "--pythonpath", "--traceback"}
DJANGOS_OWN |= {"--no-color", "--force-color", "--skip-checks"}


class CommandsPageTests(SimpleTestCase):
    def test_every_option_and_no_other_has_a_row(self) -> None:
        names = find_commands(str(ROOT / "mindwave_django" / "management"))
        assert "mindwave_chat" in names
        for name in names:
            parser = load_command_class("mindwave_django", name).create_parser("manage.py", name)
            options = {o for a in parser._actions for o in a.option_strings if o.startswith("--")}
            shown = re.findall(r"^\| .*?(?= \| )", section("commands.md", name), re.MULTILINE)
            assert set(re.findall(r"--[a-z-]+", " ".join(shown))) == options - DJANGOS_OWN


class AdminPageTests(TestCase):
    def test_permissions_exist(self) -> None:
        names = set(
            re.findall(r"(?:view|delete)_\w+", " ".join(rows(section("admin.md", "Permissions"))))
        )
        assert names == {
            f"{verb}_{model}"
            for verb in ("view", "delete")
            for model in ("conversation", "chatmessage")
        } | {"view_providercall"}

    def test_receiver_erases_what_a_deleted_user_leaves(self) -> None:
        user = get_user_model().objects.create_user("ann")
        talk(f"u:{user.pk}")
        receiver = run(sample("admin.md", "pre_delete"))["erase_conversations"]
        self.addCleanup(pre_delete.disconnect, receiver, sender=get_user_model())
        user.delete()
        assert not Conversation.objects.exists()
