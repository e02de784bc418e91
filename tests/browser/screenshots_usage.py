"""Pictures of the usage page with a month of calls: python -m tests.browser.screenshots_usage DIR.

Light and dark, on a desktop and on a phone. Dates are those of the day on which they are taken.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZES = {"": (1280, 1240), "-phone": (390, 844)}


def fill(database: str) -> str:
    """Write people and calls into a database; return the password of `admin`."""
    from django.db import connections

    from tests.support.databases import default_database
    from tests.usage import month

    with default_database(database):
        month.fill()
        connections["default"].close()
    return month.PASSWORD


def log_in(page: Page, url: str, password: str) -> None:
    """Open the page as a person would."""
    page.goto(f"{url}/admin/login/?next=/admin/mindwave_django/dailyusage/")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_selector(".mindwave-charts")


def take(page: Page, folder: Path) -> None:
    for suffix, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(200)
            page.screenshot(path=folder / f"usage-{scheme}{suffix}.png", full_page=bool(suffix))


def main(folder: str) -> None:
    """Take the pictures."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example.settings")
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "example_project"))
    import django

    django.setup()
    from tests.browser.support import Chromium
    from tests.support.databases import SQLITE, fresh_database
    from tests.support.servers import serving_on

    Path(folder).mkdir(parents=True, exist_ok=True)
    with fresh_database(SQLITE) as database:
        password = fill(database)
        with (
            serving_on(database, "uvicorn") as server,
            Chromium.start(Chromium.program()) as browser,
        ):
            page = browser.new_page()
            log_in(page, server.url, password)
            take(page, Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])
