"""What must work on every server and in every browser: the life of a conversation."""

from __future__ import annotations

from tests.browser.widget.base import WidgetTest
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate, Reset


class MainFlow(WidgetTest):
    def test_ask_and_the_answer_grows(self) -> None:
        first, second = Gate(), Gate()
        self.serve(first, "**One**,", second, " two.\n\n- three")
        self.widget.ask()
        expect(self.widget.stop).to_be_visible()
        first.open()
        self.widget.assert_text("One,")
        second.open()
        self.widget.wait_until("idle")

        expect(self.widget.texts.locator("strong")).to_have_text("One")
        expect(self.widget.texts.locator("li")).to_have_text("three")
        assert self.widget.text_handed_over == "**One**, two.\n\n- three"
        assert self.asked == ["Hello"]

    def test_stop_and_answer_again(self) -> None:
        self.serve("As far as", Gate())
        self.widget.ask()
        self.widget.assert_text("As far as")
        self.widget.stop.click()
        self.widget.wait_until("idle")
        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        expect(self.widget.notes).to_have_text("Stopped")
        self.widget.assert_text("As far as")
        self.serve("All of it.")

        self.widget.button("Answer again").click()

        self.widget.assert_text("All of it.")
        self.widget.wait_until("idle")
        expect(self.widget.texts).to_have_count(1)
        assert self.asked == ["Hello"]

    def test_edit_the_question(self) -> None:
        self.answered("Four.", question="What is 2 + 2?")
        self.serve("Six.")
        self.widget.questions.hover()
        self.widget.button("Edit the question").click()
        self.widget.edit_field.fill("What is 3 + 3?")
        self.widget.edit_field.press("Enter")

        self.widget.assert_text("Six.")
        self.widget.wait_until("idle")
        expect(self.widget.questions).to_have_text(["What is 3 + 3?"])
        self.page.reload()
        expect(self.widget.questions).to_have_text(["What is 3 + 3?"])
        self.widget.assert_text("Six.")

    def test_reload_in_the_middle_of_an_answer(self) -> None:
        gates = [Gate(), Gate()]
        self.serve("One, ", gates[0], "two, ", gates[1], "three.")
        self.widget.ask()
        self.widget.assert_text("One,")

        self.page.reload()
        self.widget.assert_text("One,")
        gates[0].open()
        self.widget.assert_text("One, two,")
        self.page.reload()
        self.widget.assert_text("One, two,")
        gates[1].open()

        self.widget.assert_text("One, two, three.")
        self.widget.wait_until("idle")
        assert self.widget.text_handed_over == "One, two, three."
        assert len(self.asked) == 1

    def test_failure_and_retry(self) -> None:
        self.answered("As far as", Reset())
        expect(self.widget.notes).to_contain_text("The connection to the model was lost.")
        self.widget.assert_text("As far as")
        self.serve("All of it.")

        self.widget.button("Retry").click()

        self.widget.assert_text("All of it.")
        self.widget.wait_until("idle")
        expect(self.widget.questions).to_have_text(["Hello"])

    def test_line_is_cut(self) -> None:
        gate = Gate()
        self.serve("One, ", gate, "two.")
        self.widget.ask()
        self.widget.assert_text("One,")
        self.proxy.cut(reset=True)
        expect(self.widget.connection).to_be_visible()
        gate.open()

        self.widget.assert_text("One, two.")
        self.widget.wait_until("idle")
        assert self.widget.text_handed_over == "One, two."
        assert len(self.asked) == 1

    def test_list_rename_and_delete(self) -> None:
        self.answered("About apples.", question="Apples?")
        self.widget.button("New conversation").click()
        self.answered("About pears.", question="Pears?")
        self.widget.button("Conversations").click()
        expect(self.widget.entries).to_have_text(["Pears?", "Apples?"], use_inner_text=True)
        self.widget.entry("Apples?").hover()
        self.widget.button("Rename: Apples?").click()
        self.page.keyboard.type("Fruit")
        self.page.keyboard.press("Enter")
        expect(self.widget.entry("Fruit")).to_be_visible()

        self.widget.entry("Pears?").hover()
        self.widget.button("Delete: Pears?").click()
        self.widget.button("Delete").click()

        expect(self.widget.entries).to_have_text(["Fruit"], use_inner_text=True)
        expect(self.widget.empty).to_be_visible()
        self.widget.entry("Fruit").click()
        self.widget.assert_text("About apples.")
