"""`manage.py mindwave_prune`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from unittest import mock

from django.core.management import CommandError, call_command
from django.db.models.functions import Now
from django.test import SimpleTestCase, TestCase, tag

from mindwave_django.management.commands.mindwave_prune import age
from mindwave_django.models import ChatMessage, Conversation, MessageState
from tests.management.rows import answer, conversation, question, talk
from tests.programs import manage


def prune(*arguments: str) -> str:
    out = StringIO()
    call_command("mindwave_prune", *arguments, stdout=out)
    return out.getvalue()


class ArgumentTests(SimpleTestCase):
    def test_ages(self) -> None:
        for text, expected in (
            ("1s", timedelta(seconds=1)),
            ("90m", timedelta(minutes=90)),
            ("36h", timedelta(hours=36)),
            ("30d", timedelta(days=30)),
            ("2w", timedelta(weeks=2)),
        ):
            assert age(text) == expected

    def test_other_ages(self) -> None:
        for text in ("30", "d", "", "0d", "-1d", "1.5d", "30 d", "30D", "1y", "٣d", "30d\n"):
            with self.subTest(text), self.assertRaises(CommandError) as caught:
                age(text)
            assert str(caught.exception) == (
                "--older-than should be a whole number from 1 with a unit, one of s, m, h, d and "
                f"w, such as 30d; got {text!r}."
            )

    def test_ages_beyond_the_calendar(self) -> None:
        for text in ("36501d", "9999999999w"):
            with self.subTest(text), self.assertRaises(CommandError) as caught:
                age(text)
            assert str(caught.exception) == f"--older-than should be at most 36500d, got {text!r}."

    def refused(self, *arguments: str) -> str:
        with self.assertRaises(CommandError) as caught:
            prune(*arguments)
        return str(caught.exception)

    def test_nothing_asked_for(self) -> None:
        assert self.refused() == (
            "Nothing says what to delete: give --older-than 30d, --owner u:42, or both."
        )

    def test_owner_without_its_kind(self) -> None:
        for text in ("42", "", "u:", "x:42"):
            with self.subTest(text):
                assert self.refused("--owner", text) == (
                    "--owner should be u:<primary key of a user> or s:<token of a session>, such "
                    f"as u:42; got {text!r}."
                )

    def test_batch_sizes(self) -> None:
        for text in ("0", "501", "many", "-1", "1.5"):
            with self.subTest(text):
                assert self.refused("--owner=u:1", f"--batch-size={text}") == (
                    f"--batch-size should be a whole number from 1 to 500, got {text!r}."
                )

    @tag("machine")
    def test_exit_status(self) -> None:
        done = manage("mindwave_prune", "--older-than", "30")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("CommandError: --older-than should be ")
        assert "Traceback" not in done.stderr


class PruneTests(TestCase):
    def test_old_conversations_go(self) -> None:
        talk(days=31), conversation(days=400)
        kept = talk(days=29)
        assert prune("--older-than", "30d") == "Deleted 2 conversations with 2 messages.\n"
        assert list(Conversation.objects.all()) == [kept]
        assert prune("--older-than", "30d") == "Deleted 0 conversations with 0 messages.\n"

    def test_singular(self) -> None:
        question(conversation(days=2))
        assert prune("--older-than", "1d") == "Deleted 1 conversation with 1 message.\n"

    def test_called_from_python(self) -> None:
        talk(days=2)
        call_command("mindwave_prune", older_than="1d", batch_size=10, stdout=StringIO())
        assert not Conversation.objects.exists()

    def test_more_than_a_batch(self) -> None:
        for _ in range(5):
            talk(days=2)
        said = prune("--older-than", "1d", "--batch-size", "2")
        assert said == "Deleted 5 conversations with 10 messages.\n"

    def test_dry_run(self) -> None:
        talk(days=2)
        said = prune("--older-than", "1d", "--dry-run")
        assert said == "Would delete 1 conversation with 2 messages.\n"
        assert ChatMessage.objects.count() == 2

    def test_owner(self) -> None:
        talk("u:42"), talk("u:42", days=2)
        kept = talk("u:4")
        assert prune("--owner", "u:42") == "Deleted 2 conversations with 4 messages.\n"
        assert list(Conversation.objects.all()) == [kept]

    def test_owner_and_age(self) -> None:
        kept = {talk("u:42"), talk("u:4", days=2)}
        talk("u:42", days=2)
        said = prune("--owner=u:42", "--older-than=1d")
        assert said == "Deleted 1 conversation with 2 messages.\n"
        assert {*Conversation.objects.all()} == kept

    def test_time_is_the_databases(self) -> None:
        talk(days=2)
        future = datetime(2999, 1, 1, tzinfo=UTC)
        with (
            mock.patch("django.utils.timezone.now", return_value=future),
            mock.patch("time.time", return_value=future.timestamp()),
        ):
            assert prune("--older-than", "3d").startswith("Deleted 0")
            assert prune("--older-than", "1d").startswith("Deleted 1")


class LiveAnswerTests(TestCase):
    def live(self, state: MessageState, *, created: float = 0, checkpoint: float = 0) -> None:
        """Leave an old conversation with a live answer; times are seconds ago."""
        made = answer(question(conversation(days=40)), state=state)
        ChatMessage.objects.filter(pk=made.pk).update(
            created_at=Now() - timedelta(seconds=created),
            checkpoint_at=Now() - timedelta(seconds=checkpoint),
        )

    def test_answers_that_somebody_may_still_write(self) -> None:
        self.live(MessageState.PENDING, created=30)
        self.live(MessageState.STREAMING, created=3600, checkpoint=1)
        assert prune("--older-than=1s", "--dry-run").startswith("Would delete 0")
        assert prune("--older-than=1s") == "Deleted 0 conversations with 0 messages.\n"
        assert ChatMessage.objects.count() == 4

    def test_abandoned_answers(self) -> None:
        self.live(MessageState.PENDING, created=90)
        self.live(MessageState.STREAMING, checkpoint=90)
        assert prune("--older-than=30d") == "Deleted 2 conversations with 4 messages.\n"

    def test_owner_is_obeyed_all_the_same(self) -> None:
        self.live(MessageState.STREAMING)
        assert prune("--owner=u:1") == "Deleted 1 conversation with 2 messages.\n"
