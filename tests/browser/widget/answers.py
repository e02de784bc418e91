"""Answers: Markdown that grows, stopping, asking again, editing, copying, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.widget.base import WidgetTest
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate, chunk, finish, text

if TYPE_CHECKING:
    from playwright.sync_api import Route

EVERYTHING = """# Title

A paragraph with **bold**, *italic*, ~~gone~~ and `code`.
A second line, and [a link](https://example.org/a?b=c&d).

- one
- two
  1. first
  2. second
- [x] done

> A quotation.

| Name | Count |
|:-----|------:|
| Ada  |     1 |
| Bob  |    22 |

```python
def f():
    return "<b>"
```

---

## Below

The end.
"""


class Markdown(WidgetTest):
    def test_everything_that_markdown_has(self) -> None:
        pieces = [EVERYTHING[at : at + 7] for at in range(0, len(EVERYTHING), 7)]
        self.answered(*pieces)

        answer = self.widget.texts
        expect(answer.get_by_role("heading", level=3)).to_have_text("Title")
        expect(answer.get_by_role("heading", level=4)).to_have_text("Below")
        expect(answer.locator("strong")).to_have_text("bold")
        expect(answer.locator("em")).to_have_text("italic")
        expect(answer.locator("s")).to_have_text("gone")
        expect(answer.locator("p > code")).to_have_text("code")
        expect(answer.locator("ul > li")).to_have_count(3)
        expect(answer.locator("ul > li > ol > li")).to_have_text(["first", "second"])
        expect(answer.locator(".has-task")).to_contain_text("☑")
        expect(answer.locator("blockquote")).to_have_text("A quotation.")
        expect(answer.locator("hr")).to_have_count(1)
        expect(answer.get_by_role("columnheader")).to_have_text(["Name", "Count"])
        expect(answer.get_by_role("cell")).to_have_text(["Ada", "1", "Bob", "22"])
        assert self.widget.style(answer.get_by_role("cell").last, "textAlign") == "right"
        expect(answer.locator("[part~=code-head]")).to_contain_text("python")
        expect(answer.locator("pre code")).to_have_text('def f():\n    return "<b>"')

    def test_links_leave_the_chat_alone(self) -> None:
        self.answered("See [this](https://example.org/a?b=c&d) or https://example.net.")

        links = self.widget.texts.get_by_role("link")
        expect(links).to_have_text(["this", "https://example.net"])
        expect(links.first).to_have_attribute("href", "https://example.org/a?b=c&d")
        for number in range(2):
            expect(links.nth(number)).to_have_attribute("target", "_blank")
            expect(links.nth(number)).to_have_attribute("rel", "noopener noreferrer nofollow")

    def test_each_token_is_shown_before_the_next_is_given(self) -> None:
        tokens = ["Once", " upon", " a", "\n\n- time", "\n- there"]
        tokens += ["\n\n```\nwas", "\na", "\n```\n"]
        gates = [Gate() for _ in tokens]
        pairs = zip(tokens, gates, strict=True)
        self.serve(*(step for pair in pairs for step in pair))
        self.widget.ask()

        for token, gate in zip(tokens, gates, strict=True):
            expect(self.widget.texts).to_contain_text(token.strip(" -\n`"))
            gate.open()
        self.widget.wait_until("idle")
        assert self.widget.text_handed_over == "".join(tokens)

    def test_no_marker_flashes_up(self) -> None:
        gates = [Gate() for _ in range(3)]
        halves = ("Some **bold", gates[0], "** and `co", gates[1], "de` and [li", gates[2])
        self.serve(*halves, "nk](x).")
        self.widget.ask()

        self.widget.assert_text("Some bold")
        expect(self.widget.texts.locator("strong")).to_have_text("bold")
        gates[0].open()
        self.widget.assert_text("Some bold and co")
        expect(self.widget.texts.locator("code")).to_have_text("co")
        gates[1].open()
        expect(self.widget.texts).to_contain_text("Some bold and code and")
        gates[2].open()
        self.widget.wait_until("idle")

    def test_what_the_model_thinks_is_folded_away(self) -> None:
        gate = Gate()
        self.provider.serve_only(
            chunk({"reasoning_content": "Let me think."}), gate, text("42"), finish()
        )
        self.widget.ask()

        thoughts = self.widget.part("reasoning")
        expect(thoughts).to_be_visible()
        expect(self.widget.host.get_by_text("Let me think.")).to_be_hidden()
        gate.open()
        self.widget.assert_text("42")
        self.widget.wait_until("idle")
        thoughts.get_by_text("Reasoning").click()
        expect(self.widget.host.get_by_text("Let me think.")).to_be_visible()
        self.page.reload()
        self.widget.assert_text("42")
        expect(self.widget.part("reasoning")).to_be_visible()


class Stopping(WidgetTest):
    def begin(self, *steps: str) -> None:
        self.serve("As far as", Gate(), *steps)
        self.widget.ask()
        self.widget.assert_text("As far as")
        assert self.provider.open_streams == 1

    def assert_stopped(self) -> None:
        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        self.widget.wait_until("idle")
        expect(self.widget.notes).to_have_text("Stopped")
        self.widget.assert_text("As far as")
        expect(self.widget.send).to_be_visible()

    def test_button_ends_the_call_to_the_model(self) -> None:
        self.begin()

        self.widget.stop.click()

        self.assert_stopped()
        assert self.widget.heard_of("done")[-1]["reason"] == "user"
        expect(self.widget.announcer).to_have_text("The answer was stopped.")
        self.page.reload()
        expect(self.widget.notes).to_have_text("Stopped")
        self.widget.assert_text("As far as")

    def test_escape_in_the_field(self) -> None:
        self.begin()
        self.widget.field.press_sequentially("A draft")

        self.widget.field.press("Escape")

        self.assert_stopped()
        expect(self.widget.field).to_have_value("A draft")

    def test_stop_before_the_first_word(self) -> None:
        self.serve(Gate())
        self.widget.ask()
        self.provider.wait_until(lambda: self.provider.open_streams == 1)

        self.widget.stop.click()

        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        self.widget.wait_until("idle")
        expect(self.widget.notes).to_have_text("Stopped")
        self.serve("Again.")
        self.widget.ask("Another?")
        self.widget.assert_text("Again.")
        self.widget.wait_until("idle")

    def test_stop_while_the_question_is_on_its_way(self) -> None:
        self.serve(Gate())
        held: list[Route] = []
        self.page.route("**/messages/", lambda route: held.append(route))
        self.widget.ask()
        self.widget.wait_until("sending")

        self.widget.stop.click()
        self.widget.wait_until("stopping")
        [route] = held
        route.continue_()

        self.widget.wait_until("idle")
        self.provider.wait_until(lambda: self.provider.open_streams == 0)
        expect(self.widget.notes).to_have_text("Stopped")

    def test_stop_that_fails_can_be_tried_again(self) -> None:
        self.begin()
        self.page.route("**/cancel/", lambda route: route.fulfill(status=500, body="x"), times=1)

        self.widget.stop.click()

        expect(self.widget.stop).to_be_visible()
        self.widget.stop.click()
        self.assert_stopped()


class AskingAgain(WidgetTest):
    def test_regenerate_puts_another_answer_in_its_place(self) -> None:
        self.answered("First.")
        gate = Gate()
        self.serve("Sec", gate, "ond.")

        self.widget.button("Answer again").click()

        self.widget.assert_text("Sec")
        expect(self.widget.texts).to_have_count(1)
        gate.open()
        self.widget.assert_text("Second.")
        self.widget.wait_until("idle")
        assert [len(request.body["messages"]) for request in self.provider.requests] == [1]
        self.page.reload()
        self.widget.assert_text("Second.")
        expect(self.widget.texts).to_have_count(1)

    def test_refused_regenerate_leaves_the_answer_as_it_was(self) -> None:
        self.answered("First.")
        busy = {"error": "Wait.", "code": "conversation_busy"}
        self.page.route(
            "**/regenerate/", lambda route: route.fulfill(status=409, json=busy), times=1
        )

        self.widget.button("Answer again").click()

        expect(self.widget.notice).to_contain_text("Another answer is being written")
        self.widget.assert_text("First.")
        expect(self.widget.button("Answer again")).to_be_visible()

    def test_edit_the_last_question(self) -> None:
        self.answered("Four.", question="What is 2 + 2?")
        self.answered("Six.", question="What is 3 + 3?")
        expect(self.widget.button("Edit the question").locator("visible=true")).to_have_count(1)
        self.serve("Eight.")

        self.widget.questions.last.hover()
        self.widget.button("Edit the question").last.click()
        expect(self.widget.edit_field).to_have_value("What is 3 + 3?")
        expect(self.widget.edit_field).to_be_focused()
        self.widget.edit_field.fill("What is 4 + 4?")
        self.widget.edit_field.press("Enter")

        self.widget.assert_text("Eight.")
        self.widget.wait_until("idle")
        questions = ["What is 2 + 2?", "What is 4 + 4?"]
        expect(self.widget.questions).to_have_text(questions)
        [request] = self.provider.requests
        said = [message["content"] for message in request.body["messages"]]
        assert said == ["What is 2 + 2?", "Four.", "What is 4 + 4?"]
        self.page.reload()
        expect(self.widget.questions).to_have_text(questions)
        expect(self.widget.texts).to_have_text(["Four.", "Eight."])

    def test_edit_twice_and_regenerate(self) -> None:
        self.answered("One.")
        for wanted in ("Two", "Three"):
            self.serve(f"{wanted}.")
            self.widget.field.press("ArrowUp")
            self.widget.edit_field.fill(wanted)
            self.widget.button("Send", self.widget.part("user")).click()
            self.widget.assert_text(f"{wanted}.")
            self.widget.wait_until("idle")
        self.serve("Three!")

        self.widget.button("Answer again").click()

        self.widget.assert_text("Three!")
        self.widget.wait_until("idle")
        assert self.asked == ["Three"]

    def test_arrow_up_in_an_empty_field_edits_and_escape_gives_up(self) -> None:
        self.answered("Four.", question="What is 2 + 2?")
        self.widget.field.fill("x")
        self.widget.field.press("ArrowUp")
        expect(self.widget.edit_field).to_have_count(0)
        self.widget.field.fill("")

        self.widget.field.press("ArrowUp")
        self.widget.edit_field.fill("Something else")
        self.widget.edit_field.press("Escape")

        expect(self.widget.edit_field).to_have_count(0)
        expect(self.widget.questions).to_have_text(["What is 2 + 2?"])
        expect(self.widget.field).to_be_focused()


class Copying(WidgetTest):
    def setUp(self) -> None:
        super().setUp()
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])

    @property
    def clipboard(self) -> str:
        return self.page.evaluate("() => navigator.clipboard.readText()")

    def test_answer_is_copied_as_it_was_written(self) -> None:
        self.answered(EVERYTHING)

        self.widget.button("Copy the answer").click()

        expect(self.widget.button("Copied")).to_be_visible()
        expect(self.widget.announcer).to_have_text("Copied")
        assert self.clipboard == EVERYTHING

    def test_code_is_copied_alone(self) -> None:
        self.answered("Run\n\n```sh\nls -l\n\tcat x\n```\n\nand\n\n```\nmore\n```\n")

        self.widget.button("Copy").first.click()

        expect(self.widget.announcer).to_have_text("Copied")
        assert self.clipboard == "ls -l\n\tcat x"
        self.widget.button("Copy").last.click()
        expect(self.widget.button("Copy").last.locator(".icon-check")).to_be_visible()
        assert self.clipboard == "more"

    def test_code_can_be_copied_while_the_answer_goes_on(self) -> None:
        gate = Gate()
        self.serve("```\none\ntwo\n", gate, "three\n```\n")
        self.widget.ask()
        expect(self.widget.texts).to_contain_text("two")

        self.widget.button("Copy").click()

        expect(self.widget.announcer).to_have_text("Copied")
        assert self.clipboard.rstrip("\n") == "one\ntwo"
        gate.open()
        self.widget.wait_until("idle")

    def test_key_copies_the_last_answer(self) -> None:
        self.answered("**One**")
        self.answered("**Two**")

        self.widget.field.press("Control+Shift+C")

        expect(self.widget.announcer).to_have_text("Copied")
        assert self.clipboard == "**Two**"


class Figures(WidgetTest):
    USAGE = {"prompt_tokens": 9, "completion_tokens": 1200, "total_tokens": 1209}

    def test_line_of_figures(self) -> None:
        self.open_window()
        self.page.clock.install()
        self.open()
        gate = Gate()
        self.provider.serve_only(text("One"), gate, text(" two."), finish(usage=self.USAGE))
        self.widget.ask()
        self.widget.assert_text("One")
        self.page.clock.fast_forward(2000)
        gate.open()
        self.widget.wait_until("idle")

        expect(self.widget.figures).to_contain_text("1,200 tokens")
        expect(self.widget.figures).to_contain_text("/s")
        self.page.reload()
        expect(self.widget.figures).to_contain_text("1,200 tokens")

    def test_figures_while_the_answer_comes(self) -> None:
        self.open(usage="live")
        gate = Gate()
        self.addCleanup(gate.open)  # type: ignore[attr-defined]
        self.provider.serve_only(text("One"), text(" two"), gate, finish(usage=self.USAGE))

        self.widget.ask()

        expect(self.widget.figures).to_contain_text("2 tokens")
        expect(self.widget.figures).to_be_visible()
        # Twice a second they would drown everything else.
        expect(self.widget.figures).to_have_attribute("aria-hidden", "true")
        expect(self.widget.announcer).to_have_text("The answer begins.")
        before = self.widget.part("actions").last.bounding_box()
        gate.open()
        self.widget.wait_until("idle")
        expect(self.widget.figures).to_contain_text("1,200 tokens")
        expect(self.widget.figures).not_to_have_attribute("aria-hidden", "true")
        assert self.widget.part("actions").last.bounding_box() == before

    def test_nothing_moves_on_a_touch_screen_either(self) -> None:
        self.open_window(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
        self.open(usage="live")
        gate = Gate()
        self.addCleanup(gate.open)  # type: ignore[attr-defined]
        self.provider.serve_only(text("One"), gate, finish(usage=self.USAGE))

        self.widget.ask()

        expect(self.widget.figures).to_contain_text("1 token")
        before = self.widget.part("actions").last.bounding_box()
        gate.open()
        self.widget.wait_until("idle")
        assert self.widget.part("actions").last.bounding_box() == before

    def test_only_at_the_end_unless_asked_for_live(self) -> None:
        gate = Gate()
        self.addCleanup(gate.open)  # type: ignore[attr-defined]
        addresses: list[str] = []
        self.page.on("request", lambda request: addresses.append(request.url))
        self.provider.serve_only(text("One"), gate, finish(usage=self.USAGE))

        self.widget.ask()

        self.widget.assert_text("One")
        gate.open()
        self.widget.wait_until("idle")
        assert not [address for address in addresses if "progress" in address]

    def test_not_unless_asked_for(self) -> None:
        self.open(usage=False, theme="light")
        self.provider.serve_only(text("One"), finish(usage=self.USAGE))

        self.widget.ask()

        self.widget.assert_text("One")
        self.widget.wait_until("idle")
        expect(self.widget.figures).to_have_count(0)
        self.page.reload()
        self.widget.assert_text("One")
        expect(self.widget.figures).to_have_count(0)


class Scrolling(WidgetTest):
    LONG = "".join(f"Line {number}.\n\n" for number in range(60))

    def test_follows_at_the_end(self) -> None:
        gate = Gate()
        self.serve(self.LONG, gate, self.LONG, "The last.")
        self.widget.ask()
        expect(self.widget.texts).to_contain_text("Line 59.")

        self.eventually_at_end()
        gate.open()

        expect(self.widget.texts).to_contain_text("The last.")
        self.widget.wait_until("idle")
        self.eventually_at_end()
        expect(self.widget.latest).to_be_hidden()

    def test_never_scrolls_whoever_reads_elsewhere(self) -> None:
        gate = Gate()
        self.serve(self.LONG, gate, self.LONG, "The last.")
        self.widget.ask()
        expect(self.widget.texts).to_contain_text("Line 59.")
        self.eventually_at_end()

        self.widget.transcript.hover()
        self.page.mouse.wheel(0, -600)
        expect(self.widget.latest).to_be_visible()
        self.until_still()
        before = self.position
        gate.open()
        self.widget.wait_until("idle")

        expect(self.widget.texts).to_contain_text("The last.")
        assert self.position == before
        self.widget.latest.click()
        self.eventually_at_end()
        expect(self.widget.latest).to_be_hidden()

    def test_scrolling_back_to_the_end_follows_again(self) -> None:
        gate = Gate()
        self.serve(self.LONG, gate, self.LONG)
        self.widget.ask()
        expect(self.widget.texts).to_contain_text("Line 59.")
        self.widget.transcript.hover()
        self.page.mouse.wheel(0, -600)
        expect(self.widget.latest).to_be_visible()

        self.page.mouse.wheel(0, 100_000)

        expect(self.widget.latest).to_be_hidden()
        gate.open()
        self.widget.wait_until("idle")
        self.eventually_at_end()

    def test_own_question_goes_to_the_end(self) -> None:
        self.answered(self.LONG)
        self.widget.transcript.hover()
        self.page.mouse.wheel(0, -600)
        expect(self.widget.latest).to_be_visible()

        self.answered("Short.", question="Next?")

        self.eventually_at_end()
        expect(self.widget.texts.last).to_be_in_viewport()

    @property
    def position(self) -> float:
        return self.widget.transcript.evaluate("(it) => it.scrollTop")

    def until_still(self) -> None:
        """Wait until a movement, which browsers draw out, is over: two frames alike."""
        self.widget.transcript.evaluate(
            """(it) => new Promise((done) => {
                let last = NaN;
                const look = () => {
                    if (it.scrollTop === last) return done();
                    last = it.scrollTop;
                    setTimeout(look, 100);
                };
                look();
            })"""
        )

    def eventually_at_end(self) -> None:
        script = "document.querySelector('mindwave-chat').shadowRoot.querySelector('.scroller')"
        self.eventually(f"((it) => it.scrollHeight - it.scrollTop - it.clientHeight < 2)({script})")


class Answers(Markdown, Stopping, AskingAgain, Copying, Figures, Scrolling):
    pass
