"""Says why answers do not stream: `manage.py mindwave_doctor [URL]`."""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.core.management.color import Style

from mindwave_django.doctor.areas import areas
from mindwave_django.doctor.findings import Finding, Level
from mindwave_django.doctor.network import Site
from mindwave_django.management.terminal import as_shown

FAIL_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING}
STYLES = {Level.OK: "SUCCESS", Level.NOTE: "NOTICE", Level.WARNING: "WARNING", Level.ERROR: "ERROR"}
WIDTH = 100
INTERRUPTED = 130  # as shells say it of Ctrl-C
INDENT = " " * 10


class Command(BaseCommand):
    help = (
        "Find out why answers do not stream. Without a URL, look at the settings and send a probe "
        "through the middleware; with URLs, probe what stands between here and the application, "
        "from the outside in: https://example.com http://127.0.0.1:8000. A probe asks no model. It "
        "needs MINDWAVE['PROBE'] = True on the site, and its SECRET_KEY here."
    )
    requires_system_checks = []  # they are findings here

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to look at."""
        parser.add_argument("urls", nargs="*", metavar="URL", help="a site to probe")
        parser.add_argument(
            "--long", action="store_true", help="let streams run for 105 s, past the usual limits"
        )
        parser.add_argument(
            "--call", action="store_true", help="ask each driver's model for one token, for money"
        )
        parser.add_argument(
            "--origin", help="another origin whose pages should read the streams (CORS)"
        )
        parser.add_argument(
            "--workers",
            default=os.environ.get("WEB_CONCURRENCY"),
            metavar="N",
            help="how many processes serve the site; WEB_CONCURRENCY by default",
        )
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--fail-level",
            choices=FAIL_LEVELS,
            default="error",
            help="what makes the exit status 1; error by default",
        )

    @no_translations
    def handle(self, *args: Any, urls: list[str], fail_level: str, **options: Any) -> None:
        """Look, and tell at once what is found."""
        _require_urls(urls)
        _require_url_for(urls, options)
        _require_origin(options["origin"])
        show = _collect if options["json"] else self._print
        chosen = {name: options[name] for name in ("call", "long", "origin")}
        chosen["workers"] = _workers(options["workers"])
        try:
            found = {area: show(area, findings) for area, findings in areas(urls, **chosen)}
        except ImproperlyConfigured as exc:
            raise CommandError(f"{exc} See: python manage.py check") from None
        except KeyboardInterrupt:
            raise CommandError("Stopped.", returncode=INTERRUPTED) from None
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(found), indent=2, ensure_ascii=False))
        worst = max((f.level.weight for each in found.values() for f in each), default=0)
        if worst >= FAIL_LEVELS[fail_level].weight:
            raise SystemExit(1)

    def _print(self, area: str, findings: Iterable[Finding]) -> list[Finding]:
        self.stdout.write(self.style.MIGRATE_HEADING(area))
        found = []
        for finding in findings:
            self.stdout.write("\n".join(_lines(finding, self.style)))
            self.stdout.flush()
            found.append(finding)
        return found


def _collect(_: str, findings: Iterable[Finding]) -> list[Finding]:
    return list(findings)


def _workers(text: str | int | None) -> int | None:
    if text is None or text == "":
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,4}", str(text)):
        raise CommandError(
            f"--workers, or else WEB_CONCURRENCY, should be a whole number from 1, got {text!r}."
        )
    return int(text)


def _require_urls(urls: list[str]) -> None:
    for url in urls:
        try:
            Site(url)
        except ValueError as exc:
            raise CommandError(str(exc)) from None


def _require_url_for(urls: list[str], options: dict[str, Any]) -> None:
    for name in ("long", "origin"):
        if options[name] and not urls:
            raise CommandError(f"--{name} needs the URL of a site to probe.")


def _require_origin(origin: str | None) -> None:
    if origin is None:
        return
    try:
        parts = urlsplit(origin)
    except ValueError:
        parts = urlsplit("")
    if origin != f"{parts.scheme}://{parts.netloc}" or not parts.netloc or not origin.isascii():
        raise CommandError(
            f"--origin should be scheme and host, such as https://example.com; got {origin!r}."
        )


def _lines(finding: Finding, style: Style) -> Iterator[str]:
    label = getattr(style, STYLES[finding.level])(f"{finding.level:<8}")
    text = _wrapped(finding.message, WIDTH - len(INDENT))
    yield f"  {label}{text[0]}"
    yield from (INDENT + line for line in text[1:])
    if finding.hint:
        hint = _wrapped(finding.hint, WIDTH - len(INDENT) - 2)
        yield f"{INDENT}→ {hint[0]}"
        yield from (f"{INDENT}  {line}" for line in hint[1:])


def _wrapped(text: str, width: int) -> list[str]:
    """Return lines; what may be copied stays whole."""
    return textwrap.wrap(as_shown(text), width, break_on_hyphens=False, break_long_words=False) or [
        ""
    ]


def _as_json(found: dict[str, list[Finding]]) -> dict[str, Any]:
    return {
        "findings": [
            {"area": area, **finding._asdict()}
            for area, findings in found.items()
            for finding in findings
        ]
    }
