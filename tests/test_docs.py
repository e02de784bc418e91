"""The documentation names everything there is, and its links lead somewhere."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pkgutil import resolve_name

import msgspec
from django.test import SimpleTestCase, tag
from django.urls import URLPattern

import mindwave_django
from mindwave_django import exceptions, signals, testing
from mindwave_django.api import LLM, Completion, Stream, llm, stream
from mindwave_django.conf import Group, mindwave_settings
from mindwave_django.drivers.demo import DemoDriver
from mindwave_django.drivers.openai import UNSET, OpenAIDriver
from mindwave_django.events import Usage
from mindwave_django.http import HEADERS
from mindwave_django.protocols import text
from mindwave_django.streaming import announce
from mindwave_django.streaming.log import MemoryLog
from mindwave_django.streaming.redis import RedisLog
from mindwave_django.urls import urlpatterns
from tests.pages import (
    DOCS,
    PAGES,
    anchors,
    links,
    rows,
    samples,
    samples_of,
    section,
    text_of_page,
)
from tests.programs import run_python
from tests.support.processes import ROOT
from tests.support.proxies import PROGRAMS
from tests.support.servers import SERVERS

PACKAGE = ROOT / "mindwave_django"


def literal(cell: str) -> object:
    """Return the value that a cell shows in backticks."""
    return ast.literal_eval(cell.strip("`"))


def codes() -> Iterator[tuple[str, str, str]]:
    """Yield code, HTTP status and `retryable` of every error, as the page writes them."""
    for error in vars(exceptions).values():
        if isinstance(error, type) and issubclass(error, exceptions.MindwaveError):
            yield error.code, str(error.status), "yes" if error.retryable else "no"


def options(cls: type) -> dict[str, object]:
    """Return the OPTIONS of a class, with their defaults."""
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p.default for p in parameters if p.name != "alias"}


class SettingsTests(SimpleTestCase):
    def documented(self, group: Group) -> dict[str, list[str]]:
        return rows(section("settings.md", group.path[-1] if group.path else "MINDWAVE"))

    def test_every_setting_and_no_other_has_a_row(self) -> None:
        for group in mindwave_settings.groups():
            with self.subTest(group.place()):
                assert self.documented(group).keys() == group.known()

    @tag("machine")
    def test_rows_are_those_that_conf_gives(self) -> None:
        done = run_python("docs/settings_reference.py", "--check")
        assert done.returncode == 0, done.stderr

    def test_rows_show_the_defaults(self) -> None:
        for group in mindwave_settings.groups():
            for setting in group.settings():
                with self.subTest(group.place(setting.name)):
                    shown = self.documented(group)[setting.name][1]
                    assert literal(shown) == setting.default

    def test_options_of_the_log(self) -> None:
        table = rows(section("settings.md", "MemoryLog"))
        assert {name: literal(cells[0]) for name, cells in table.items()} == options(MemoryLog)

    def test_options_of_the_log_on_redis(self) -> None:
        table = rows(section("settings.md", "RedisLog"))
        assert {name: literal(cells[0]) for name, cells in table.items()} == options(RedisLog)

    def test_every_variable_of_the_example(self) -> None:
        source = (ROOT / "example_project" / "example" / "settings.py").read_text()
        read = set(re.findall(r'(?:environ(?:\.get\(|\[)|seconds\()\s*"(\w+)"', source))
        assert read == rows(section("settings.md", "Environment of the example project")).keys()


class CheckTests(SimpleTestCase):
    def test_every_check_and_no_other_has_a_row(self) -> None:
        sources = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
        ids = set(re.findall(r'"(mindwave\.[EW]\d{3})"', sources))
        assert ids == rows(text_of_page("checks.md")).keys()


class ErrorTests(SimpleTestCase):
    def test_every_code_has_its_status_and_whether_to_retry(self) -> None:
        table = rows(section("wire-format.md", "Refusals and error codes"))
        assert {(code, *cells[:2]) for code, cells in table.items()} == set(codes())


class SignalTests(SimpleTestCase):
    def test_every_signal_and_no_other_has_a_row(self) -> None:
        known = {n for n, s in vars(signals).items() if isinstance(s, signals.StreamSignal)}
        introduction = text_of_page("signals.md").partition("\n## ")[0]
        assert known == rows(introduction).keys()

    def test_every_field_of_an_event_has_a_row(self) -> None:
        inherited = set(signals.StreamStarted.__struct_fields__)
        for event in (signals.StreamStarted, signals.TokenStreamed, signals.StreamEnded):
            with self.subTest(event.__name__):
                fields = set(event.__struct_fields__)
                own = fields - inherited if event is signals.StreamEnded else fields
                assert own == rows(section("signals.md", event.__name__)).keys()

    def test_bounds(self) -> None:
        page = section("signals.md", "Threads and slow receivers")
        assert f" {announce.MAX_WAITING} " in page
        assert re.search(rf"\s{announce.DRAIN_LIMIT:.0f}\sseconds", page)

    def test_usage(self) -> None:
        page = section("signals.md", "StreamEnded")
        assert_names(page, *(field.name for field in msgspec.structs.fields(Usage)))


class DriverTests(SimpleTestCase):
    def test_every_option_and_its_default(self) -> None:
        for page, driver in (("openai", OpenAIDriver), ("demo", DemoDriver)):
            table = rows(section(f"drivers/{page}.md", driver.__name__))
            assert table.keys() == options(driver).keys()
            for name, default in options(driver).items():
                with self.subTest(driver=driver.__name__, option=name):
                    shown = table[name][0]
                    assert shown == "not set" if default is UNSET else literal(shown) == default

    def test_options_of_a_call_are_marked(self) -> None:
        table = rows(section("drivers/openai.md", "OpenAIDriver"))
        per_call = set(inspect.signature(OpenAIDriver.stream).parameters) - {"self", "messages"}
        assert per_call == {name for name, cells in table.items() if cells[1] == "yes"}


class InterfaceTests(SimpleTestCase):
    def test_every_url_and_its_name(self) -> None:
        table = rows(section("wire-format.md", "URLs"))
        routes = {str(url.pattern): url.name for url in urlpatterns if isinstance(url, URLPattern)}
        for route, name in routes.items():
            cells = table[f"{route.rstrip('/')}/"]
            assert name is None or cells[0] == f"`mindwave:{name}`"

    def test_every_event(self) -> None:
        names = set(re.findall(r'b"([a-z]+)"', inspect.getsource(text)))
        assert names == rows(section("wire-format.md", "Events")).keys()

    def test_every_header(self) -> None:
        table = rows(section("wire-format.md", "A stream"))
        shown = {name: cells[0].strip("`") for name, cells in table.items()}
        assert shown == HEADERS | {"Content-Type": "text/event-stream"}

    def test_every_parameter(self) -> None:
        for function in (stream, Stream.response, llm, LLM.generate):
            names = set(inspect.signature(function).parameters) - {"self", "request"}
            assert_names(text_of_page("streaming.md"), *names)

    def test_completion(self) -> None:
        fields = Completion.__struct_fields__
        assert_names(section("streaming.md", "Text without a response"), *fields)

    def test_test_helpers(self) -> None:
        assert_names(text_of_page("testing.md"), *testing.__all__)

    def test_python_api(self) -> None:
        page = text_of_page("api.md")
        for name in re.findall(r"\.\. auto(?:function|class|module):: ([\w.]+)", page):
            resolve_name(name)
        public = {*mindwave_django.__all__, *testing.__all__} - {"__version__"}
        assert public <= set(re.findall(r"\w+", page))

    def test_servers_are_started_as_the_tests_start_them(self) -> None:
        page = text_of_page("deploy.md")
        for name, command in SERVERS.items():
            with self.subTest(name):
                written = " ".join(command).format(port=8000)
                if name == "runserver":
                    written = "manage.py runserver 127.0.0.1:8000"
                assert f"{written}`" in page

    def test_proxies_are_shown_as_the_tests_run_them(self) -> None:
        shown = {found.code for found in samples_of("deploy.md")}
        files = sorted((DOCS / "deploy").iterdir())
        assert {file.name for file in files} == {program.file for program in PROGRAMS}
        for file in files:
            with self.subTest(file.name):
                assert file.read_text() in shown
                assert f"](deploy/{file.name})" in text_of_page("deploy.md")

    def test_parts_of_the_architecture_exist(self) -> None:
        for part in rows(section("architecture.md", "Parts")):
            assert find_spec(f"mindwave_django.{part}"), part

    def test_every_dependency(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        extras = project["optional-dependencies"]
        required = [*project["dependencies"], *(r for extra in extras.values() for r in extra)]
        names = {re.split(r"[<>=]", requirement)[0] for requirement in required}
        names -= {name for name in names if name.startswith("mindwave-django[")}
        names.discard("coverage[toml]")
        assert names <= rows(text_of_page("dependencies.md")).keys()


class LinkTests(SimpleTestCase):
    def test_links_lead_somewhere(self) -> None:
        for page in PAGES:
            for link in links(page):
                if "://" in link:
                    continue
                with self.subTest(page=page.name, link=link):
                    path, _, anchor = link.partition("#")
                    target = (page.parent / path).resolve() if path else page
                    assert target.exists()
                    assert not anchor or anchor in anchors(target)

    def test_index_and_readme_name_every_page(self) -> None:
        pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
        assert set(links(DOCS / "index.md")) == pages - {"index.md"}
        tops = {f"docs/{name}" for name in pages if "/" not in name}
        assert tops <= set(links(ROOT / "README.md"))


ALL_TESTS = "python example_project/manage.py test --parallel"


class ReadmeTests(SimpleTestCase):
    def test_two_commands_set_a_clone_up(self) -> None:
        commands = [s.code.strip() for s in samples(ROOT / "README.md", "sh")]
        assert [command for command in commands if "-e" in command] == [
            "python -m pip install -e '.[demo]' && python example_project/manage.py demo",
            f"python -m pip install -e '.[test]' && {ALL_TESTS}",
        ]

    def test_changelog_names_the_version(self) -> None:
        assert f"({mindwave_django.__version__})" in (ROOT / "CHANGELOG.md").read_text()


def assert_names(page: str, *names: str) -> None:
    """Fail unless the page names each of these in code."""
    code = " ".join(re.findall(r"```.*?```|`[^`\n]+`", page, re.DOTALL))
    missing = [name for name in names if not re.search(rf"\b{re.escape(name)}\b", code)]
    assert not missing, missing
