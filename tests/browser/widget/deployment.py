"""The widget on sites as they are deployed: their policies, storages of files, and late chats."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, ClassVar

from tests.browser.widget.base import WidgetTest
from tests.browser.widget.widget import Widget, expect
from tests.support.processes import ROOT
from tests.support.upstream import Gate

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Response

SETTINGS = "tests.browser.deployed_settings"
STATIC = ROOT / "mindwave_django" / "static" / "mindwave_django"

# What htmx and Turbo do: put HTML somewhere, and let the scripts in it run.
SWAP = """async (place) => {
  const target = document.querySelector(place);
  target.innerHTML = await (await fetch("/fragment")).text();
  for (const old of target.querySelectorAll("script")) {
    const script = document.createElement("script");
    for (const { name, value } of old.attributes) script.setAttribute(name, value);
    old.replaceWith(script);
  }
}"""


class Deployed(WidgetTest):
    environment: ClassVar[dict[str, str]] = {"DJANGO_SETTINGS_MODULE": SETTINGS}
    start_path = "/one"

    def watched(self, page: Page) -> Widget:
        self.responses: list[Response] = []
        page.on("response", lambda response: self.responses.append(response))
        return super().watched(page)

    def assert_works(self) -> None:
        """Ask; see the answer grow and end; ask again, and stop."""
        gate = Gate()
        self.serve("**One**,", gate, " two.")
        self.widget.ask("Count")
        self.widget.assert_text("One,")
        gate.open()
        self.widget.wait_until("idle")
        self.widget.assert_text("One, two.")
        expect(self.widget.texts.locator("strong")).to_have_text("One")

        self.serve("As far as", Gate())
        self.widget.ask("And on")
        self.widget.assert_text("As far as")
        self.widget.stop.click()
        self.widget.wait_until("idle")
        expect(self.widget.notes.last).to_have_text("Stopped")
        assert self.asked == ["And on"]


class Policy(Deployed):
    def test_works_and_breaks_no_rule(self) -> None:
        document = self.responses[0]
        policy = document.headers["content-security-policy"].split("; ")
        assert "default-src 'self'" in policy, policy
        assert any(re.fullmatch(r"script-src 'self' 'nonce-.+'", rule) for rule in policy), policy
        assert self.page.evaluate("() => window.siteRuns")

        self.assert_works()

        # Looks as it should: no style was refused either.
        assert self.widget.style(self.widget.part("chat"), "display") == "flex"

    def test_policy_is_enforced(self) -> None:
        self.page.evaluate(
            """() => {
              const script = document.createElement("script");
              script.textContent = "window.intruded = true";
              document.body.append(script);
            }"""
        )
        assert self.page.evaluate("() => window.intruded") is None
        self.eventually("violations.length", 1)
        self.page.evaluate("() => { window.violations = []; }")


class Collected(Deployed):
    """With files that `collectstatic` has put under names with hashes; WhiteNoise serves them."""

    storage: ClassVar[str]
    encoding: ClassVar[str | None]

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)  # type: ignore[attr-defined]
        cls.environment = Deployed.environment | {
            "TEST_STORAGE": cls.storage,
            "TEST_STATIC_ROOT": folder.name,
        }
        collect_static(cls.environment)
        super().setUpClass()  # type: ignore[misc]

    def test_works_with_every_file(self) -> None:
        self.assert_works()

        assert [each.url for each in self.responses if each.status >= 400] == []
        loaded = [each.url for each in self.responses if "/static/mindwave_django/" in each.url]
        modules = [url.partition("/mindwave_django/")[2] for url in loaded if url.endswith(".js")]
        shipped = [*STATIC.glob("*.js"), *STATIC.glob("chat/*.js"), *STATIC.glob("vendor/*.js")]
        names = {str(path.relative_to(STATIC)) for path in shipped}
        assert {without_hash(name) for name in modules} == names
        assert len(modules) == len(names), "a module was loaded under two names"
        assert all(re.search(r"\.\w{12}\.css$", url) for url in loaded if url.endswith(".css"))

    def test_only_names_with_hashes_are_kept_for_ever(self) -> None:
        for name in ("register.js", "chat.css"):
            [response] = [each for each in self.responses if without_hash(each.url).endswith(name)]
            assert "immutable" in response.headers["cache-control"]
            assert response.headers.get("content-encoding") == self.encoding
        [response] = [each for each in self.responses if each.url.endswith("/chat/view.js")]
        assert "immutable" not in response.headers["cache-control"]


def collect_static(environment: dict[str, str]) -> None:
    """Run `collectstatic` as a deployment does."""
    command = [sys.executable, "example_project/manage.py", "collectstatic", "-v0", "--no-input"]
    path = {"PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=os.environ | environment | path, check=True)


def without_hash(name: str) -> str:
    return re.sub(r"\.\w{12}(\.\w+)$", r"\1", name)


class SecondChat(Widget):
    """The second chat of a page."""

    @property
    def host(self) -> Locator:
        return self.page.locator("mindwave-chat").nth(1)

    @host.setter
    def host(self, first: Locator) -> None: ...


class ComesLater(Deployed):
    """A chat that a program puts into the page."""

    def swap(self) -> None:
        self.page.goto(f"{self.proxy.url}/none")
        self.page.evaluate(SWAP, "#main")
        self.widget.wait_until("idle")

    def test_works(self) -> None:
        self.swap()
        self.assert_works()
        # The form of the server, not one that a script had to invent.
        token = self.widget.composer.locator("[name=csrfmiddlewaretoken]")
        assert len(token.input_value()) > 30

    def test_removed_in_the_middle_and_another_one_put_there(self) -> None:
        self.swap()
        self.put_again(SWAP)

    def test_removed_in_the_middle_and_put_elsewhere(self) -> None:
        self.swap()
        self.put_again("() => document.querySelector('#main').append(window.removed)")

    def put_again(self, again: str) -> None:
        gate = Gate()
        self.serve("One, ", gate, "two.")
        self.widget.ask()
        self.widget.assert_text("One,")
        self.page.evaluate(
            """() => {
              window.removed = document.querySelector("mindwave-chat");
              removed.remove();
            }"""
        )
        self.page.evaluate(again, "#main")
        self.widget.assert_text("One,")
        gate.open()

        self.widget.assert_text("One, two.")
        self.widget.wait_until("idle")
        assert len(self.asked) == 1
        expect(self.widget.questions).to_have_text(["Hello"])
        self.answered("Yes.", question="Still there?")
        self.widget.assert_text("Yes.")
        expect(self.widget.field).to_have_count(1)


class TwoChats(Deployed):
    def test_neither_disturbs_the_other(self) -> None:
        self.open("/two")
        first, second = self.widget, SecondChat(self.page)
        gates = [Gate(), Gate()]
        self.serve("One", gates[0], " and one.")
        first.ask("First?")
        first.assert_text("One")
        self.serve("Two", gates[1], " and two.")
        second.ask("Second?")
        second.assert_text("Two")
        first.assert_text("One")

        second.stop.click()
        expect(second.notes).to_have_text("Stopped")
        gates[0].open()

        first.assert_text("One and one.")
        for each in (first, second):
            expect(each.host).to_have_attribute("state", "idle")
        second.assert_text("Two")
        expect(first.questions).to_have_text(["First?"])
        expect(second.questions).to_have_text(["Second?"])
        assert first.conversation != second.conversation


class ClosedBubble(Deployed):
    def test_asks_for_nothing_but_its_files_until_it_is_opened(self) -> None:
        self.open(layout="bubble")
        self.widget.bubble.click()
        self.answered("Yes.")
        self.responses.clear()
        self.page.reload()
        self.page.wait_for_load_state("networkidle")
        assert self.asked_the_chat() == []

        self.widget.bubble.click()

        self.widget.assert_text("Yes.")
        assert len(self.asked_the_chat()) == 1

    def asked_the_chat(self) -> list[str]:
        return [each.url for each in self.responses if "/mindwave/" in each.url]


class InThePage(ComesLater, TwoChats, ClosedBubble):
    start_path = ""
