"""The widget inside a site: its events, methods and attributes, the bubble, and use by keys."""

from __future__ import annotations

from tests.browser.widget.base import WidgetTest
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate, Reset

CODE = "Run\n\n```sh\nls -l\n```\n\nand\n\n```python\na = 1\nb = 2\n```\n"


class Events(WidgetTest):
    def test_from_the_question_to_the_end(self) -> None:
        gate = Gate()
        self.serve("One, ", gate, "two.")
        self.widget.ask("Count")
        self.widget.assert_text("One,")
        gate.open()
        self.widget.wait_until("idle")

        start, *deltas, done = self.widget.heard
        message, conversation = done["message"], self.widget.conversation
        assert start == {"name": "start", "prompt": "Count", "conversation": None}
        assert [each["text"] for each in deltas] == ["One, ", "two."]
        for each in (*deltas, done):
            assert (each["message"], each["conversation"]) == (message, conversation)
        assert (done["name"], done["status"], done["text"]) == ("done", "complete", "One, two.")

    def test_failure(self) -> None:
        self.answered("As far as", Reset())

        [failed] = self.widget.heard_of("failed")
        assert failed["code"] == "provider_connection_lost"
        assert failed["conversation"] == self.widget.conversation
        assert self.widget.heard_of("done") == []

    def test_site_may_prevent_a_question(self) -> None:
        self.answered("Yes.")
        self.provider.requests.clear()
        self.page.evaluate("() => { window.prevented = 'start'; }")

        self.widget.ask("Not this one")
        self.widget.button("Answer again").click()

        expect(self.widget.field).to_have_value("Not this one")
        expect(self.widget.questions).to_have_text(["Hello"])
        self.widget.assert_text("Yes.")
        self.page.evaluate("() => { window.prevented = null; }")
        self.widget.field.press("Enter")
        expect(self.widget.questions).to_have_text(["Hello", "Not this one"])
        self.widget.wait_until("idle")
        assert self.asked == ["Not this one"]

    def test_blocks_of_code_are_handed_over_once_they_are_whole(self) -> None:
        pieces = [CODE[at : at + 5] for at in range(0, len(CODE), 5)]
        self.answered(*pieces)
        wanted = [("sh", "ls -l"), ("python", "a = 1\nb = 2")]

        assert self.codes == wanted
        self.page.reload()
        expect(self.widget.texts.locator("code")).to_have_text(["ls -l", "a = 1\nb = 2"])
        assert self.codes == wanted

    @property
    def codes(self) -> list[tuple[str, str]]:
        return [(each["language"], each["text"]) for each in self.widget.heard_of("code")]

    def test_what_a_highlighter_makes_of_code_stays(self) -> None:
        self.page.evaluate(
            """() => addEventListener("mindwave:code", ({ detail: { element, text } }) => {
                const mark = document.createElement("mark");
                mark.textContent = text;
                element.replaceChildren(mark);
            })"""
        )
        gate = Gate()
        self.serve("```sh\nls\n```\n\nand\n\nso", gate, " on")
        self.widget.ask()

        expect(self.widget.texts.locator("code mark")).to_have_text("ls")
        gate.open()
        self.widget.wait_until("idle")
        expect(self.widget.texts).to_contain_text("so on")
        expect(self.widget.texts.locator("code mark")).to_have_text("ls")


class Methods(WidgetTest):
    def test_program_asks_stops_and_begins_anew(self) -> None:
        self.serve("As far as", Gate())
        assert self.widget.conversation is None

        assert self.widget.call("send", " ") is False
        assert self.widget.call("send", "Hello") is True
        assert self.widget.call("send", "Again") is False
        self.widget.assert_text("As far as")
        assert self.widget.conversation
        self.widget.call("stop")
        self.widget.wait_until("idle")
        expect(self.widget.notes).to_have_text("Stopped")
        self.widget.call("newConversation")

        expect(self.widget.empty).to_be_visible()
        assert self.widget.conversation is None
        assert self.asked == ["Hello"]

    def test_attribute_opens_a_conversation(self) -> None:
        self.answered("About apples.", question="Apples?")
        first = self.widget.conversation
        self.widget.call("newConversation")
        expect(self.widget.empty).to_be_visible()

        self.widget.host.evaluate("(it, id) => it.setAttribute('conversation', id)", first)

        self.widget.assert_text("About apples.")
        assert self.widget.conversation == first

    def test_starters_ask(self) -> None:
        self.open(starters=["Why?", "How?"], title="Well?")
        self.serve("Because.")
        expect(self.widget.empty).to_contain_text("Well?")

        self.widget.button("Why?").click()

        self.widget.assert_text("Because.")
        self.widget.wait_until("idle")
        assert self.asked == ["Why?"]


class Bubble(WidgetTest):
    start_path = ""

    def setUp(self) -> None:
        super().setUp()
        self.open(layout="bubble")

    def test_opens_asks_and_closes(self) -> None:
        expect(self.widget.panel).to_be_hidden()
        self.widget.bubble.click()
        expect(self.widget.panel).to_be_visible()
        expect(self.widget.field).to_be_focused()

        self.answered("Here.")

        self.widget.assert_text("Here.")
        self.page.keyboard.press("Escape")
        expect(self.widget.panel).to_be_hidden()
        expect(self.widget.bubble).to_be_focused()

    def test_escape_stops_before_it_closes(self) -> None:
        self.widget.call("open")
        self.serve("As far as", Gate())
        self.widget.ask()
        self.widget.assert_text("As far as")

        self.widget.field.press("Escape")

        self.widget.wait_until("idle")
        expect(self.widget.panel).to_be_visible()
        expect(self.widget.notes).to_have_text("Stopped")

    def test_answer_goes_on_while_it_is_closed(self) -> None:
        gate = Gate()
        self.widget.call("open")
        self.serve("One, ", gate, "two.")
        self.widget.ask()
        self.widget.assert_text("One,")
        self.widget.button("Close").click()
        expect(self.widget.panel).to_be_hidden()

        gate.open()
        self.widget.wait_until("idle")
        self.widget.bubble.click()

        self.widget.assert_text("One, two.")
        assert len(self.asked) == 1


class Keys(WidgetTest):
    def tab_to(self, name: str, key: str = "Tab") -> None:
        """Press Tab until something has the focus."""
        passed = []
        while self.widget.focus != name:
            passed.append(self.widget.focus)
            assert len(passed) < 30, passed
            self.page.keyboard.press(key)

    def test_conversation_by_keys_alone(self) -> None:
        self.serve("As far as", Gate())
        self.tab_to("Your question")
        self.page.keyboard.type("Hello")
        self.page.keyboard.press("Tab")
        assert self.widget.focus == "Send"
        self.page.keyboard.press("Space")
        self.widget.assert_text("As far as")
        assert self.widget.focus == "Stop"

        self.page.keyboard.press("Enter")

        self.widget.wait_until("idle")
        expect(self.widget.field).to_be_focused()
        self.serve("All of it.")
        self.tab_to("Answer again", "Shift+Tab")
        self.page.keyboard.press("Enter")
        self.widget.assert_text("All of it.")
        self.widget.wait_until("idle")
        expect(self.widget.field).to_be_focused()

    def test_list_by_keys_alone(self) -> None:
        self.answered("About apples.", question="Apples?")
        self.tab_to("New conversation", "Shift+Tab")
        self.page.keyboard.press("Enter")
        expect(self.widget.empty).to_be_visible()
        self.tab_to("Conversations", "Shift+Tab")
        self.page.keyboard.press("Enter")
        expect(self.widget.conversations).to_be_visible()

        self.tab_to("Apples?", "Shift+Tab")
        self.page.keyboard.press("Enter")

        self.widget.assert_text("About apples.")

    def test_end_of_an_answer_never_takes_the_focus_from_elsewhere(self) -> None:
        gate = Gate()
        self.serve("One, ", gate, "two.")
        self.widget.ask()
        self.widget.assert_text("One,")
        self.widget.button("New conversation").focus()

        gate.open()

        self.widget.wait_until("idle")
        expect(self.widget.button("New conversation")).to_be_focused()


class Embedding(Events, Methods, Keys):
    pass
