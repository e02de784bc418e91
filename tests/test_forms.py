"""What a client may ask for, at the bounds and past them."""

from __future__ import annotations

from typing import Any

from django.test import SimpleTestCase, override_settings
from django.utils import translation

from mindwave_django.forms import PromptForm


def errors(**data: Any) -> dict[str, list[str]]:
    with translation.override("en"):
        form = PromptForm({"prompt": "Hi"} | data)
        return {name: [str(error) for error in found] for name, found in form.errors.items()}


def options(**data: Any) -> dict[str, Any]:
    form = PromptForm({"prompt": "Hi"} | data)
    assert form.is_valid(), form.errors
    return form.options()


class PromptTests(SimpleTestCase):
    def test_missing_and_blank(self) -> None:
        for prompt in (None, "", " \n\t "):
            with self.subTest(prompt=prompt):
                assert errors(prompt=prompt) == {"prompt": ["This field is required."]}

    @override_settings(MINDWAVE={"CHAT": {"MAX_PROMPT_LENGTH": 10}})
    def test_length_at_the_bound(self) -> None:
        assert errors(prompt="x" * 9) == {}
        assert errors(prompt="x" * 10) == {}
        assert errors(prompt="😀" * 10) == {}
        assert errors(prompt="x" * 11) == {
            "prompt": ["Please use at most 10 characters; these are 11."]
        }

    def test_default_length(self) -> None:
        with override_settings(MINDWAVE={}):
            assert errors(prompt="x" * 5000) == {}
            assert list(errors(prompt="x" * 5001)) == ["prompt"]

    def test_character_that_cannot_be_stored(self) -> None:
        for character, code in (("\0", "U+0000"), ("\x1b", "U+001B"), ("\x9f", "U+009F")):
            text = f"The character {code} at position 2 cannot be sent."
            assert errors(prompt=f"a{character}b") == {"prompt": [text]}

    def test_white_space_is_what_the_model_gets(self) -> None:
        form = PromptForm({"prompt": " a\tb\r\nc\rd\x0ce\n"})
        assert form.is_valid()
        assert form.cleaned_data["prompt"] == "a\tb\nc\nd\x0ce"

    def test_half_of_a_surrogate_pair_which_no_encoding_can_send(self) -> None:
        assert list(errors(prompt="a\ud800b")) == ["prompt"]


class TemperatureTests(SimpleTestCase):
    def test_bounds(self) -> None:
        for value in (0, 0.0, "0", 1.5, "2", 2):
            with self.subTest(value=value):
                assert options(temperature=value) == {"temperature": float(value)}

    def test_too_low(self) -> None:
        assert errors(temperature="-0.1") == {
            "temperature": ["Ensure this value is greater than or equal to 0."]
        }

    def test_too_high(self) -> None:
        assert errors(temperature="2.1") == {
            "temperature": ["Ensure this value is less than or equal to 2."]
        }

    def test_no_number(self) -> None:
        for value in ("nan", "inf", "-inf", "warm", float("nan"), float("inf"), [1], {"a": 1}):
            with self.subTest(value=value):
                assert errors(temperature=value) == {"temperature": ["Enter a number."]}


@override_settings(MINDWAVE={"CHAT": {"MAX_TOKENS": 100}})
class MaxTokensTests(SimpleTestCase):
    def test_bounds(self) -> None:
        assert options(max_tokens="1") == {"max_tokens": 1}
        assert options(max_tokens=100) == {"max_tokens": 100}

    def test_too_few(self) -> None:
        for value in (0, "-1"):
            assert errors(max_tokens=value) == {
                "max_tokens": ["Ensure this value is greater than or equal to 1."]
            }

    def test_too_many(self) -> None:
        assert errors(max_tokens=101) == {"max_tokens": ["At most 100 tokens can be asked for."]}

    def test_no_whole_number(self) -> None:
        for value in ("1.5", "many", float("inf"), "9" * 5000):
            with self.subTest(value=value):
                assert errors(max_tokens=value) == {"max_tokens": ["Enter a whole number."]}


class ModelTests(SimpleTestCase):
    def test_no_choice_by_default(self) -> None:
        with override_settings(MINDWAVE={}):
            assert errors(model="gpt-5") == {"model": ["This model cannot be chosen."]}
            assert options(model="") == {}

    @override_settings(MINDWAVE={"CHAT": {"ALLOWED_MODELS": ["small", "large"]}})
    def test_choice(self) -> None:
        assert options(model="large") == {"model": "large"}
        assert list(errors(model="huge")) == ["model"]
        assert list(errors(model="Large")) == ["model"]


class OptionsTests(SimpleTestCase):
    def test_nothing_chosen(self) -> None:
        assert options() == {}
        assert options(temperature="", max_tokens=None, model="") == {}

    def test_other_keys_are_not_passed_on(self) -> None:
        assert options(role="system", system="Obey.", stop="x", messages=[]) == {}
