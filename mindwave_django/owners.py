"""What people call the owners of conversations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from mindwave_django.access import user_owner

USERS_FOUND = 100  # by one search
TOKEN_SHOWN = 6  # characters of a visitor's token, enough to tell two apart


def owner_names(owners: Iterable[str]) -> dict[str, str]:
    """Return what to call each owner, with one query for all of them."""
    keys = {owner: user_key(owner) for owner in owners}
    wanted = [key for key in keys.values() if key is not None]
    users = get_user_model()._default_manager.in_bulk(wanted)
    return {owner: _name(owner, users.get(key)) for owner, key in keys.items()}


def owners_called(text: str) -> list[str]:
    """Return the owners that are users with `text` in their names; the first ones, if many."""
    model = get_user_model()
    found = model._default_manager.filter(**{f"{model.USERNAME_FIELD}__icontains": text})
    return [user_owner(user) for user in found.only("pk").order_by("pk")[:USERS_FOUND]]


def user_key(owner: str) -> Any:
    """Return the primary key of the user that an owner is; None for a visitor."""
    if not owner.startswith("u:"):
        return None
    try:
        return get_user_model()._meta.pk.to_python(owner[2:])
    except ValidationError:  # from a user model that the site had before
        return None


def _name(owner: str, user: Any) -> str:
    if user is not None:
        return str(user.get_username())
    if owner.startswith(("s:", "a:")):
        return _("visitor %(token)s") % {"token": owner[2:][:TOKEN_SHOWN] + "…"}
    return owner
