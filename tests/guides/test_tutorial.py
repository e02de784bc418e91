"""The tutorial, followed block by block in an empty folder."""

from __future__ import annotations

from django.test import SimpleTestCase, tag

from tests.browser.support import Chromium
from tests.browser.widget.widget import Widget, expect
from tests.guides.newcomer import PASSWORD, PATIENCE, Newcomer, newcomer
from tests.support.upstream import Upstream, chunk

QUESTION = "Where is my parcel?"
MODEL = "gpt-4.1-mini-2025-04-14"


@tag("machine")
class TutorialTests(SimpleTestCase):
    def setUp(self) -> None:
        browser = self.enterContext(Chromium.start(Chromium.program()))
        self.page = browser.new_page()
        self.asked = 0
        self.provider = self.enterContext(Upstream())
        usage = {"prompt_tokens": 2000, "completion_tokens": 500}
        self.provider.serve(
            chunk({"content": "In a week."}, model=MODEL),
            chunk(finish_reason="stop", model=MODEL),
            chunk(choices=[], usage=usage, model=MODEL),
            b"data: [DONE]\n\n",
        )

    def test_followed_to_the_letter(self) -> None:
        with newcomer("tutorial.md", OPENAI_BASE_URL=self.provider.url) as somebody:
            somebody.follow("1. A project with a login")
            self.log_in(somebody)
            self.ask(somebody, "I am only a demo")
            somebody.follow("2. What the model is told first")
            somebody.follow("3. Answers in a model of your own")
            self.ask(somebody, "I am only a demo")
            self.answer_is_in_the_admin(somebody)
            somebody.follow("4. Limits")
            self.ask(somebody, "I am only a demo")
            somebody.follow("5. Tests")
            somebody.follow("6. What was used")
            somebody.follow("7. The real model")
            self.ask(somebody, "In a week.")
            self.model_was_told_about_the_shop()
            self.usage_page_shows_the_cost(somebody)
            assert "mindwave.W005" in somebody.printed_by("python manage.py check --deploy")

    def log_in(self, somebody: Newcomer) -> None:
        self.page.goto(somebody.url)
        assert self.page.url.endswith("/login/?next=/")
        self.page.fill("[name=username]", "ada")
        self.page.fill("[name=password]", PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        expect(self.page.get_by_role("button", name="Log out")).to_be_visible()

    def ask(self, somebody: Newcomer, answer: str) -> None:
        self.page.goto(somebody.url)
        widget = Widget(self.page)
        expect(widget.texts).to_have_count(self.asked)  # those of the same conversation are back
        widget.ask(QUESTION)
        self.asked += 1
        expect(widget.texts).to_have_count(self.asked)
        expect(widget.texts.last).to_contain_text(answer, timeout=PATIENCE)
        expect(widget.host).to_have_attribute("state", "idle")

    def answer_is_in_the_admin(self, somebody: Newcomer) -> None:
        self.page.goto(f"{somebody.url}/admin/support/answer/")
        row = self.page.locator("#result_list tbody tr")
        expect(row).to_contain_text([QUESTION])
        expect(row).to_contain_text(["completed"])

    def model_was_told_about_the_shop(self) -> None:
        system, *_, question = self.provider.requests[0].body["messages"]
        assert "shop for teas" in system["content"]
        assert question["content"] == QUESTION

    def usage_page_shows_the_cost(self, somebody: Newcomer) -> None:
        self.page.goto(f"{somebody.url}/admin/")
        self.page.get_by_role("link", name="Usage").first.click()
        expect(self.page.locator("body")).to_contain_text("ada")
        expect(self.page.get_by_role("row").filter(has_text=MODEL)).to_contain_text("$0.0016")
