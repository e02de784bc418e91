"""The wheel, as somebody gets it: what is in it, and that a new project streams with it."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar
from unittest import SkipTest
from urllib.request import urlopen
from zipfile import ZipFile

from django.test import SimpleTestCase, tag

from mindwave_django import __version__
from mindwave_django.testing import parse_events, text_of
from tests.support.processes import ROOT, free_port, running

PACKAGE = ROOT / "mindwave_django"
LIMIT = 300.0  # seconds for pip, which downloads what the package needs
SETTINGS = """
INSTALLED_APPS.append("mindwave_django")
MINDWAVE = {"CHAT": {"ACCESS": "mindwave_django.access.anyone"}}
"""
URLS = """
from django.urls import include
urlpatterns.append(path("mindwave/", include("mindwave_django.urls")))
"""
KINDS = {
    ".LICENSE",
    ".py",
    ".html",
    ".css",
    ".js",
    ".map",
    ".ts",
    ".mo",
    ".po",
    ".typed",
    ".md",
    "",
}
# The settings of these tests are no settings of a new project.
ALONE = ("env", "-u", "DJANGO_SETTINGS_MODULE", "-u", "PYTHONPATH")


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        [*ALONE, *map(str, command)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@tag("machine")
class WheelTests(SimpleTestCase):
    folder: ClassVar[Path]
    wheel: ClassVar[Path]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if find_spec("pip") is None:
            raise SkipTest("pip is missing: python -m ensurepip")
        cls.folder = Path(cls.enterClassContext(TemporaryDirectory())).resolve()
        run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", cls.folder, ROOT)
        (cls.wheel,) = cls.folder.glob("*.whl")

    def names(self) -> set[str]:
        with ZipFile(self.wheel) as wheel:
            return set(wheel.namelist())

    def test_everything_of_the_package_and_nothing_else(self) -> None:
        information = f"mindwave_django-{__version__}.dist-info/"
        shipped = {name for name in self.names() if not name.startswith(information)}
        here = {
            str(path.relative_to(ROOT))
            for path in PACKAGE.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert shipped == here

    def test_kinds_of_files(self) -> None:
        names = self.names()
        assert {Path(name).suffix for name in names if "dist-info" not in name} <= KINDS
        for needed in (
            "py.typed",
            "static/mindwave_django/client.js",
            "static/mindwave_django/client.d.ts",
            "templates/mindwave_django/chat.html",
            "locale/de/LC_MESSAGES/django.mo",
            "migrations/0001_initial.py",
        ):
            assert f"mindwave_django/{needed}" in names
        assert f"mindwave_django-{__version__}.dist-info/licenses/LICENSE" in names

    def test_new_project_streams(self) -> None:
        python = self.folder / "venv" / "bin" / "python"
        run(sys.executable, "-m", "venv", self.folder / "venv")
        run(python, "-m", "pip", "install", "--quiet", self.wheel)
        project = self.folder / "project"
        project.mkdir()
        run(python, "-m", "django", "startproject", "site1", project)
        for name, lines in (("settings", SETTINGS), ("urls", URLS)):
            with (project / "site1" / f"{name}.py").open("a") as file:
                file.write(lines)
        run(python, "manage.py", "migrate", cwd=project)
        run(python, "manage.py", "mindwave_doctor", cwd=project)  # it finds no error
        port = free_port()
        command = [*ALONE, str(python), "manage.py", "runserver", "--noreload", str(port)]
        with running(command, port=port, cwd=project):
            self.assert_streams(f"http://127.0.0.1:{port}")

    def assert_streams(self, url: str) -> None:
        with urlopen(f"{url}/mindwave/stream/?prompt=Hello") as response:
            parts = list(iter(lambda: response.read1(65_536), b""))
        events = parse_events(b"".join(parts))
        assert len(parts) > 5
        assert events[-1].json() == {"status": "complete"}
        assert "demo driver" in text_of(events)
        with urlopen(f"{url}/static/mindwave_django/client.js") as script:
            assert script.headers["Content-Type"].startswith("text/javascript")
