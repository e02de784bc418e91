"""What a client may ask for."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext_lazy as _

from mindwave_django.conf import mindwave_settings
from mindwave_django.drivers import DEFAULT_ALIAS
from mindwave_django.models import TITLE_LENGTH

MAX_TEMPERATURE = 2


def _is_unicode(text: str) -> bool:
    """Return False for half a surrogate pair, which JSON lets through."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class PromptForm(forms.Form):
    """A prompt and, within the site's bounds, how to answer it."""

    prompt = forms.CharField()
    model = forms.CharField(required=False)
    temperature = forms.FloatField(required=False, min_value=0, max_value=MAX_TEMPERATURE)
    max_tokens = forms.IntegerField(required=False, min_value=1)

    def clean_prompt(self) -> str:
        """Bound the prompt by MAX_PROMPT_LENGTH characters."""
        prompt: str = self.cleaned_data["prompt"]
        if not _is_unicode(prompt):
            raise ValidationError(_("This text is not valid Unicode."), code="invalid")
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
    driver = forms.CharField(required=False)

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

    prompt = forms.CharField()
    clean_prompt = PromptForm.clean_prompt


class TitleForm(forms.Form):
    """What a conversation is called."""

    title = forms.CharField(max_length=TITLE_LENGTH)


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
