"""Says why answers do not stream: `manage.py mindwave_doctor [URL]`."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, no_translations
from django.core.management.color import Style

from mindwave_django.doctor.areas import areas
from mindwave_django.doctor.findings import Finding, Level
from mindwave_django.doctor.network import Site
from mindwave_django.management.terminal import as_shown

FAIL_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING}
STYLES = {Level.OK: "SUCCESS", Level.NOTE: "NOTICE", Level.WARNING: "WARNING", Level.ERROR: "ERROR"}
WIDTH = 100
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
            type=int,
            default=_workers_by_environment(),
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
        show = _collect if options["json"] else self._print
        chosen = {name: options[name] for name in ("call", "long", "origin", "workers")}
        found = {area: show(area, findings) for area, findings in areas(urls, **chosen)}
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


def _workers_by_environment() -> int | None:
    value = os.environ.get("WEB_CONCURRENCY", "")
    return int(value) if value.isdecimal() and int(value) else None


def _require_urls(urls: list[str]) -> None:
    for url in urls:
        try:
            Site(url)
        except ValueError as exc:
            raise CommandError(str(exc)) from None


def _lines(finding: Finding, style: Style) -> Iterator[str]:
    label = getattr(style, STYLES[finding.level])(f"{finding.level:<8}")
    text = textwrap.wrap(as_shown(finding.message), WIDTH - len(INDENT))
    yield f"  {label}{text[0]}"
    yield from (INDENT + line for line in text[1:])
    if finding.hint:
        hint = textwrap.wrap(as_shown(finding.hint), WIDTH - len(INDENT) - 2)
        yield f"{INDENT}→ {hint[0]}"
        yield from (f"{INDENT}  {line}" for line in hint[1:])


def _as_json(found: dict[str, list[Finding]]) -> dict[str, Any]:
    return {
        "findings": [
            {"area": area, **finding._asdict()}
            for area, findings in found.items()
            for finding in findings
        ]
    }
