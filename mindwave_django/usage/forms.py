"""What a person asks of the usage page."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.translation import gettext_lazy as _

from mindwave_django.access import user_owner
from mindwave_django.owners import owner_names
from mindwave_django.usage.days import MOST_DAYS, Period, last_days
from mindwave_django.usage.report import Chosen

USUAL_DAYS = 30
PRESETS = (7, USUAL_DAYS, 90, 365)


class UsageForm(forms.Form):
    """Days and filters; what is wrong is said, and the usual days are shown."""

    # A browser's own field for dates gives them in one format, whatever the language.
    since = forms.DateField(label=_("From"), required=False, input_formats=["%Y-%m-%d"])
    until = forms.DateField(label=_("To"), required=False, input_formats=["%Y-%m-%d"])
    model = forms.CharField(label=_("Model"), required=False, strip=False)
    driver = forms.CharField(label=_("Driver"), required=False, strip=False)
    user = forms.CharField(label=_("User"), required=False)

    def clean_user(self) -> str | None:
        """Return the owner: somebody's name, or an owner as it is."""
        text: str = self.cleaned_data["user"]
        if not text:
            return None
        if text.startswith(("u:", "s:", "a:")):
            return text
        users = get_user_model()._default_manager
        found = users.filter(**{get_user_model().USERNAME_FIELD: text}).first()
        if found is None:
            raise forms.ValidationError(_("There is no such user."))
        return user_owner(found)

    def clean(self) -> dict[str, Any]:
        """Refuse days that nobody could look at."""
        period = self._period()
        if not 0 < len(period) <= MOST_DAYS:
            raise forms.ValidationError(
                _("Choose at least one day and at most %(days)d."), params={"days": MOST_DAYS}
            )
        return self.cleaned_data

    @property
    def period(self) -> Period:
        """The days asked for; the usual ones if they cannot be shown."""
        period = self._period()
        return period if 0 < len(period) <= MOST_DAYS else last_days(USUAL_DAYS)

    @property
    def chosen(self) -> Chosen:
        """The filters."""
        given = getattr(self, "cleaned_data", {})
        return Chosen(given.get("model") or None, given.get("driver") or None, given.get("user"))

    @property
    def user_name(self) -> str:
        """What to call the user; what was typed, if there is none."""
        owner = self.chosen.owner
        return self.data.get("user", "") if owner is None else owner_names([owner])[owner]

    def _period(self) -> Period:
        given = getattr(self, "cleaned_data", {})
        usual = last_days(self._days())
        until: date = given.get("until") or usual.last
        since: date = given.get("since") or until - (usual.last - usual.first)
        return Period(since, until)

    def _days(self) -> int:
        text = self.data.get("days", "")
        return (
            int(text) if text.isascii() and text.isdigit() and int(text) in PRESETS else USUAL_DAYS
        )
