"""`{% load mindwave %}`: the chat in a template."""

from __future__ import annotations

import inspect
from typing import Any

from django import template
from django.template import TemplateSyntaxError
from django.template.context import Context
from django.utils.safestring import SafeString

from mindwave_django import widget
from mindwave_django.backends import unknown

register = template.Library()


@register.simple_tag(takes_context=True)
def mindwave_chat(context: Context, **options: Any) -> SafeString:
    """Render the chat; the options are those of `mindwave_django.widget.render_chat`."""
    request = context.get("request")
    if request is None:
        raise TemplateSyntaxError(
            "{% mindwave_chat %} needs the request. Render the template with it, and add "
            "'django.template.context_processors.request' to the context processors in TEMPLATES."
        )
    _require_known(options)
    try:
        return widget.render_chat(request, **options)
    except widget.WidgetError as exc:
        raise TemplateSyntaxError(f"{{% mindwave_chat %}}: {exc}") from exc


def _require_known(options: dict[str, Any]) -> None:
    known = inspect.signature(widget.render_chat).parameters.keys() - {"request"}
    for name in options.keys() - known:
        raise TemplateSyntaxError(
            f"{{% mindwave_chat %}} has no option {name!r}. {unknown(name, known)}"
        )


@register.simple_tag
def mindwave_assets() -> SafeString:
    """Load the chat's script, for pages into which the element comes later."""
    return widget.render_assets()
