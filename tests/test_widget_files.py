"""The widget's files: where storages put them, what they may not contain, what the docs name."""

from __future__ import annotations

import inspect
import re
import tempfile
from hashlib import sha256
from pathlib import Path

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command
from django.test import SimpleTestCase, override_settings

from mindwave_django.widget import render_chat
from tests.pages import rows, section
from tests.test_widget import STATIC, TEMPLATES, render


class AggregatingStorage(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True


class StorageTests(SimpleTestCase):
    def collect(self, storage: str) -> Path:
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        backends = {"staticfiles": {"BACKEND": storage}}
        settings = override_settings(
            STORAGES=backends, STATIC_ROOT=folder, DEBUG=False, STATIC_URL="/static/"
        )
        self.enterContext(settings)
        call_command("collectstatic", verbosity=0, interactive=False)
        return folder

    def file(self, folder: Path, url: str | None) -> Path:
        assert url is not None
        return folder / url.removeprefix("/static/")

    def test_names_with_hashes(self) -> None:
        folder = self.collect("django.contrib.staticfiles.storage.ManifestStaticFilesStorage")
        page = render()
        script = self.file(folder, page.one("script")["src"])
        assert re.fullmatch(r"register\.\w{12}\.js", script.name)
        assert 'from "./chat.js"' in script.read_text()
        assert (script.parent / "chat.js").exists()
        style = self.file(folder, page.one("mindwave-chat")["stylesheet"])
        imported = re.findall(r'@import url\("(.+?)"\)', style.read_text())
        assert len(imported) == len(list((STATIC / "css").glob("*.css")))
        assert all((style.parent / name).exists() for name in imported)

    def test_names_with_hashes_in_modules_too(self) -> None:
        folder = self.collect(f"{__name__}.AggregatingStorage")
        seen: set[Path] = set()
        waiting = [self.file(folder, render().one("script")["src"])]
        while waiting:
            module = waiting.pop()
            seen.add(module)
            names = re.findall(r'from\s*"(\..+?)"', module.read_text())
            found = {(module.parent / name).resolve() for name in names}
            assert all(re.search(r"\.\w{12}\.js$", path.name) for path in found), (module, found)
            waiting += found - seen
        shipped = [*STATIC.glob("*.js"), *STATIC.glob("chat/*.js"), *STATIC.glob("vendor/*.js")]
        assert len(seen) == len(shipped)


class VendoredTests(SimpleTestCase):
    def test_files_are_those_that_were_published(self) -> None:
        table = re.findall(r"^\| `(\S+)` .*`(\w{64})` \|$", self.readme(), re.MULTILINE)
        assert {name for name, _ in table} == {
            path.name for path in (STATIC / "vendor").iterdir() if "markdown-it." in path.name
        } - {"markdown-it.LICENSE"}
        for name, digest in table:
            assert sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == digest

    def readme(self) -> str:
        return (STATIC / "vendor" / "README.md").read_text()


class StyleTests(SimpleTestCase):
    def test_scripts_never_read_text_as_html(self) -> None:
        for path in STATIC.glob("chat/*.js"):
            found = re.search(
                r"\.(innerHTML|outerHTML|insertAdjacentHTML)\b|DOMParser|eval\(", path.read_text()
            )
            assert not found, (path, found)

    def test_elements_without_a_script_have_no_style(self) -> None:
        for path in TEMPLATES.glob("*.html"):
            assert not re.search(r"<style|\sstyle=|\son\w+=", path.read_text()), path


class DocumentationTests(SimpleTestCase):
    def test_every_option_and_its_default(self) -> None:
        table = rows(section("widget.md", "Options"))
        parameters = inspect.signature(render_chat).parameters
        defaults = {name: p.default for name, p in parameters.items() if name != "request"}
        assert {name: eval(cells[0].strip("`")) for name, cells in table.items()} == defaults

    def test_every_property(self) -> None:
        styles = "".join(path.read_text() for path in STATIC.glob("css/*.css"))
        known = set(re.findall(r"var\((--mindwave-[\w-]+)", styles))
        assert {name for name in self.names() if name.startswith("--")} == known

    def test_every_part(self) -> None:
        sources = [*STATIC.glob("chat/*.js"), *TEMPLATES.glob("chat*.html")]
        source = "".join(path.read_text() for path in sources)
        found = re.findall(r'\bpart(?:: |=)"([\w\s-]+)"', source)
        known = {part for value in found for part in value.split()}
        assert {name for name in self.names() if not name.startswith("--")} == known

    def names(self) -> set[str]:
        return set(rows(section("widget.md", "Colours and sizes")))

    def test_every_event(self) -> None:
        source = "".join(path.read_text() for path in STATIC.glob("chat/*.js"))
        table = set(rows(section("widget.md", "Events and methods")))
        assert {name for name in table if ":" in name} == set(
            re.findall(r'"(mindwave:\w+)"', source)
        )

    def test_every_template(self) -> None:
        table = rows(section("widget.md", "Templates"))
        assert table.keys() == {f"mindwave_django/{path.name}" for path in TEMPLATES.glob("*.html")}
