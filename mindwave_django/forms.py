"""What a client may ask for."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext_lazy as _

from mindwave_django.conf import mindwave_settings
from mindwave_django.drivers import DEFAULT_ALIAS
from mindwave_django.models import TITLE_LENGTH

MAX_TEMPERATURE = 2

# C0 and C1, but for tab, line feed, line tabulation, form feed and next line.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def _is_unicode(text: str) -> bool:
    """Return False for half a surrogate pair, which JSON lets through."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class UnicodeField(forms.CharField):
    """Text that can be encoded: no half of a surrogate pair, which no database takes."""

    def validate(self, value: Any) -> None:
        """Refuse what is no text."""
        super().validate(value)
        if not _is_unicode(value):
            raise ValidationError(_("This text is not valid Unicode."), code="invalid")


class TemperatureField(forms.FloatField):
    """A number, however many digits somebody writes."""

    def to_python(self, value: Any) -> float | None:  # type: ignore[override]  # as in FloatField
        """Refuse a whole number that no float can hold, as JSON may bring one."""
        try:
            return super().to_python(value)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class PromptField(UnicodeField):
    """Text that somebody wrote: trimmed, its lines ended by one character each.

    Refuses control characters, which nobody sees, except those that move text.
    """

    def to_python(self, value: Any) -> str:
        """Return the text as the model will get it."""
        text = super().to_python(value)
        return str(text).replace("\r\n", "\n").replace("\r", "\n")

    def validate(self, value: Any) -> None:
        """Refuse characters that nobody can see, too."""
        super().validate(value)
        if (found := _CONTROL.search(value)) is not None:
            raise ValidationError(
                _("The character U+%(code)s at position %(position)d cannot be sent."),
                code="control_character",
                params={"code": f"{ord(found[0]):04X}", "position": found.start() + 1},
            )


class PromptForm(forms.Form):
    """A prompt and, within the site's bounds, how to answer it."""

    prompt = PromptField()
    model = forms.CharField(required=False)
    temperature = TemperatureField(required=False, min_value=0, max_value=MAX_TEMPERATURE)
    max_tokens = forms.IntegerField(required=False, min_value=1)

    def clean_prompt(self) -> str:
        """Bound the prompt by MAX_PROMPT_LENGTH characters."""
        prompt: str = self.cleaned_data["prompt"]
        limit = mindwave_settings.CHAT.MAX_PROMPT_LENGTH
        if len(prompt) > limit:
            raise ValidationError(
                _("Please use at most %(limit)d characters; these are %(length)d."),
                code="max_length",
                params={"limit": limit, "length": len(prompt)},
            )
        return prompt

    def clean_model(self) -> str:
        """Allow the models of ALLOWED_MODELS only."""
        model: str = self.cleaned_data["model"]
        if model and model not in mindwave_settings.CHAT.ALLOWED_MODELS:
            raise ValidationError(_("This model cannot be chosen."), code="invalid_choice")
        return model

    def clean_max_tokens(self) -> int | None:
        """Bound the answer by MAX_TOKENS."""
        tokens: int | None = self.cleaned_data["max_tokens"]
        limit = mindwave_settings.CHAT.MAX_TOKENS
        if tokens is not None and tokens > limit:
            raise ValidationError(
                _("At most %(limit)d tokens can be asked for."),
                code="max_value",
                params={"limit": limit},
            )
        return tokens

    def options(self) -> dict[str, Any]:
        """Return what the client chose, as options of a driver."""
        names = ("model", "temperature", "max_tokens")
        chosen = {name: self.cleaned_data[name] for name in names}
        return {name: value for name, value in chosen.items() if value not in {None, ""}}


class AskForm(PromptForm):
    """A prompt for a conversation, or for a new one; the site's templates sign other drivers."""

    conversation = forms.UUIDField(required=False)
    driver = UnicodeField(required=False)

    def clean_driver(self) -> str:
        """Accept only an alias that this site has signed."""
        signed: str = self.cleaned_data["driver"]
        if not signed:
            return DEFAULT_ALIAS
        try:
            return unsign_driver(signed)
        except BadSignature:
            raise ValidationError(_("This driver cannot be chosen."), code="invalid") from None

    @property
    def driver_alias(self) -> str:
        """The alias of the driver to ask."""
        return str(self.cleaned_data["driver"])


class EditForm(forms.Form):
    """Other words for a question."""

    prompt = PromptField()
    clean_prompt = PromptForm.clean_prompt


class TitleForm(forms.Form):
    """What a conversation is called."""

    title = UnicodeField(max_length=TITLE_LENGTH)


def sign_driver(alias: str) -> str:
    """Return an alias in a form that a page may send back, since nobody else can make it up."""
    return _signer().sign(alias)


def unsign_driver(signed: str) -> str:
    """Return the alias; raise BadSignature if this site has not signed it, or has it no more."""
    alias = _signer().unsign(signed)
    if alias not in mindwave_settings.DRIVERS:
        raise BadSignature("There is no such driver any more.")
    return alias


def _signer() -> Signer:
    return Signer(salt="mindwave_django.driver")
