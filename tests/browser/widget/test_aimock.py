"""The widget before a provider that nobody here wrote, slow enough to be looked at meanwhile."""

from __future__ import annotations

from tests.browser.before_aimock import BeforeAIMock
from tests.browser.support import Chromium
from tests.browser.widget.base import WidgetTest
from tests.browser.widget.widget import expect

NUMBERS = " ".join(f"*{number}*" for number in range(1, 41))
READ = " ".join(str(number) for number in range(1, 41))
SLOWLY = {"chunkSize": 5, "latency": 40}
FIXTURES = (
    {"match": {"userMessage": "Count"}, "response": {"content": NUMBERS}, **SLOWLY},
    {"match": {"userMessage": "Break"}, "response": {"content": NUMBERS}, **SLOWLY}
    | {"truncateAfterChunks": 4},
    {
        "match": {"userMessage": "Refuse"},
        "response": {"error": {"message": "secret words", "type": "x"}, "status": 400},
    },
)


class AIMockTests(BeforeAIMock, WidgetTest, Chromium):
    start_path = ""
    fixtures = FIXTURES

    def setUp(self) -> None:
        super().setUp()
        self.before = len(self.aimock.requests)
        self.open()

    def ask(self, question: str) -> int:
        """Ask, wait for the end, and return how often the provider was asked."""
        self.widget.ask(question)
        self.widget.wait_until("idle")
        return len(self.aimock.requests) - self.before

    def test_answer(self) -> None:
        assert self.ask("Count") == 1
        self.widget.assert_text(READ)
        assert self.widget.text_handed_over == NUMBERS

    def test_reload_and_cut_in_the_middle(self) -> None:
        self.widget.ask("Count")
        expect(self.widget.texts).to_contain_text("1 2 3")
        self.page.reload()
        expect(self.widget.texts).to_contain_text("1 2 3 4 5")
        self.proxy.cut(reset=True)
        self.widget.wait_until("idle")
        self.widget.assert_text(READ)
        assert len(self.aimock.requests) - self.before == 1

    def test_stop(self) -> None:
        self.widget.ask("Count")
        expect(self.widget.texts).to_contain_text("1 2 3")
        self.widget.stop.click()
        self.widget.wait_until("idle")
        expect(self.widget.notes).to_have_text("Stopped")

    def test_answer_that_breaks_off(self) -> None:
        assert self.ask("Break") == 1
        expect(self.widget.notes).to_contain_text("connection to the model was lost")
        expect(self.widget.texts).to_contain_text("1")

    def test_refusal_is_told_without_the_providers_words(self) -> None:
        assert self.ask("Refuse") == 1
        expect(self.widget.notes).to_have_text("The model refused this request.")
        expect(self.widget.host).not_to_contain_text("secret")
