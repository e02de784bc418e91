"""Prompts as messages."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from django.test import SimpleTestCase

from mindwave_django import llm
from mindwave_django.exceptions import InvalidRequest
from mindwave_django.messages import Message, Role, as_messages
from mindwave_django.testing import fake_driver
from tests.streaming.outside import in_a_thread
from tests.streaming.support import hearing

ROLES = '{"role": one of system, user, assistant, "content": text}'


class AsMessagesTests(SimpleTestCase):
    def refused(self, prompt: object) -> str:
        with self.assertRaises(InvalidRequest) as caught:
            as_messages(prompt)  # type: ignore[arg-type]  # wrong on purpose
        return str(caught.exception)

    def test_text_becomes_a_message_of_the_user(self) -> None:
        assert as_messages("Hi") == (Message(Role.USER, "Hi"),)

    def test_messages_stay_as_they_are(self) -> None:
        message = Message(Role.SYSTEM, "Be brief.")
        assert as_messages([message])[0] is message

    def test_mappings_are_converted_in_order(self) -> None:
        prompt = [
            {"role": "system", "content": "Be brief."},
            MappingProxyType({"role": "assistant", "content": "Hello."}),
            Message(Role.USER, "Hi"),
        ]
        assert as_messages(prompt) == (
            Message(Role.SYSTEM, "Be brief."),
            Message(Role.ASSISTANT, "Hello."),
            Message(Role.USER, "Hi"),
        )

    def test_plain_word_as_role(self) -> None:
        made = as_messages([Message("user", "Hi"), Message("system", "Be brief.")])  # type: ignore[arg-type]
        assert [message.role for message in made] == [Role.USER, Role.SYSTEM]
        assert all(isinstance(message.role, Role) for message in made)
        assert [message.content for message in made] == ["Hi", "Be brief."]

    def test_wrong_word_as_role(self) -> None:
        told = self.refused([Message(Role.USER, "a"), Message("tool", "b")])  # type: ignore[arg-type]
        assert told == (
            "Message 1 of the prompt has the role 'tool', expected one of system, user, assistant."
        )

    def test_plain_word_as_role_in_signals_and_drivers(self) -> None:
        message: Any = Message("user", "Hi")  # type: ignore[arg-type]
        with fake_driver("Hello") as driver, hearing() as heard:
            assert in_a_thread(lambda: llm().generate([message])).text == "Hello"
        assert [event.prompt for event in (*heard.starts, *heard.endings)] == ["Hi", "Hi"]
        assert driver.calls[0].messages[0].role is Role.USER

    def test_no_messages(self) -> None:
        assert self.refused([]) == "A prompt needs at least one message, got none."

    def test_unknown_role(self) -> None:
        told = self.refused([{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}])
        assert told.startswith("Message 1 of the prompt is not valid: Invalid enum value 'tool'")
        assert told.endswith(f". Expected {ROLES}.")

    def test_missing_key(self) -> None:
        told = self.refused([{"role": "user"}])
        assert told == (
            "Message 0 of the prompt is not valid: Object missing required field `content`. "
            f"Expected {ROLES}."
        )

    def test_content_is_no_text_and_is_not_repeated(self) -> None:
        told = self.refused([{"role": "user", "content": ["my secret"]}])
        assert told.startswith("Message 0 of the prompt is not valid: Expected `str`, got `array`")
        assert "secret" not in told

    def test_single_mapping_instead_of_a_list(self) -> None:
        assert self.refused({"role": "user", "content": "Hi"}).startswith("Message 0 of the prompt")

    def test_message_cannot_be_changed(self) -> None:
        with self.assertRaises(AttributeError):
            as_messages("Hi")[0].content = "Ho"  # type: ignore[misc]  # frozen
