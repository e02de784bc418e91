"""The quickstart, followed block by block in an empty folder."""

from __future__ import annotations

from django.test import SimpleTestCase, tag

from tests.browser.support import Chromium
from tests.browser.widget.widget import NOTE_WHAT_HAPPENS, Widget, expect
from tests.guides.newcomer import PATIENCE, newcomer
from tests.pages import sample
from tests.support.upstream import Gate, Upstream, finish, text

SAVING = "How do I save answers?"


@tag("machine")
class QuickstartTests(SimpleTestCase):
    def setUp(self) -> None:
        browser = self.enterContext(Chromium.start(Chromium.program()))
        self.page = browser.new_page()
        self.page.add_init_script(NOTE_WHAT_HAPPENS)
        self.provider = self.enterContext(Upstream())

    def test_followed_to_the_letter(self) -> None:
        with newcomer("quickstart.md", OPENAI_BASE_URL=self.provider.url) as somebody:
            somebody.follow("A project")
            somebody.follow("A chat on a page")
            self.demo_driver_answers_piece_by_piece(somebody.url)
            self.answer_goes_on_after_a_reload(somebody.url)
            self.answer_can_be_polled()
            somebody.follow("OpenAI")
            self.model_answers_while_it_writes(somebody.url)
            somebody.follow("Two lines of a view")
            assert "data: Hello" in somebody.output

    def ask(self, url: str, question: str) -> Widget:
        self.page.goto(url)
        widget = Widget(self.page)
        widget.ask(question)
        return widget

    def demo_driver_answers_piece_by_piece(self, url: str) -> None:
        widget = self.ask(url, SAVING)
        expect(widget.texts).to_contain_text(["you gave to stream"], timeout=PATIENCE)
        assert len(widget.heard_of("delta")) > 10

    def answer_goes_on_after_a_reload(self, url: str) -> None:
        widget = self.ask(url, SAVING)
        expect(widget.texts).to_have_count(2)
        widget.wait_until("streaming")
        self.page.reload()
        expect(widget.texts).to_have_count(2)
        expect(widget.texts.last).to_contain_text("you gave to stream")

    def answer_can_be_polled(self) -> None:
        """The page about when to stream has a function for it; it needs a site of this kind."""
        code = sample("when-to-stream.md", "async function ask", "js").code
        cookies = {each["name"]: each["value"] for each in self.page.context.cookies()}
        answer = self.page.evaluate(
            f"async (token) => {{ {code}; return await ask('Hello', token); }}",
            cookies["csrftoken"],
        )
        assert answer["state"] == "complete"
        assert "demo driver" in answer["content"]

    def model_answers_while_it_writes(self, url: str) -> None:
        gate = Gate()
        self.provider.serve(text("Hello"), gate, text(" from the model."), finish())
        widget = self.ask(url, "Hi")
        expect(widget.texts.last).to_have_text("Hello", timeout=PATIENCE)
        gate.open()
        expect(widget.texts.last).to_have_text("Hello from the model.")
        assert self.provider.requests[0].headers["authorization"] == "Bearer sk-your-key"
        assert self.provider.requests[0].body["model"] == "gpt-4.1-mini"
