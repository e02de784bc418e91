"""A line that is cut, or falls silent, in the middle of an answer: the text comes whole, once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

from tests.browser.support import LIMIT
from tests.browser.widget.base import WidgetTest
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate, Reset

WAVE = "👋".encode()


class FaultTest(WidgetTest):
    def begin(self, *steps: Any, shown: str = "Öne 👋,") -> None:
        """Ask; the answer stands still after its first words."""
        self.serve(*steps)
        self.widget.ask()
        self.widget.assert_text(shown)

    def hurry(self) -> None:
        """Have the page try again at once, as when a network comes back."""
        expect(self.widget.connection).to_be_visible()
        self.page.evaluate("() => dispatchEvent(new Event('online'))")

    def cut_at(self, marker: bytes, gate: Gate, *, reset: bool) -> None:
        """Let the answer go on, and cut the line when it has carried the marker."""
        held = self.proxy.hold_after(marker)
        gate.open()
        assert held.wait(LIMIT), "The marker never came."
        self.proxy.cut(reset=reset)
        self.hurry()

    def assert_whole(self, wanted: str) -> None:
        """Wait for the end: the text is there, once, and the model was asked once."""
        self.widget.wait_until("idle")
        self.widget.assert_text(" ".join(wanted.split()))
        expect(self.widget.notes).to_have_text([""])
        expect(self.widget.connection).to_be_hidden()
        assert self.widget.text_handed_over == wanted
        assert [event["text"] for event in self.widget.heard_of("done")] == [wanted]
        assert len(self.asked) == 1

    def assert_broken_off(self, words: str, arrived: str) -> None:
        """Wait for an error in words, with what arrived and a way to go on."""
        self.widget.wait_until("idle")
        expect(self.widget.notes).to_contain_text(words)
        expect(self.widget.button("Retry")).to_be_visible()
        self.widget.assert_text(arrived)
        assert self.widget.text_handed_over.strip() == arrived
        assert len(self.asked) == 1

    def assert_retry_gives(self, wanted: str) -> None:
        """Ask the same again; the new answer takes the place of the broken one."""
        self.serve(wanted)
        self.widget.button("Retry").click()
        self.widget.assert_text(wanted)
        self.widget.wait_until("idle")
        expect(self.widget.texts).to_have_count(1)
        expect(self.widget.questions).to_have_text(["Hello"])
        assert self.asked == ["Hello"]


def reset_and_close(test: Callable[[Any, bool], None]) -> Callable[[Any], None]:
    """Run a test with a line that is cut by a TCP reset, and with one that is closed."""

    @wraps(test)
    def both(self: Any) -> None:
        for reset in (True, False):
            with self.subTest(reset=reset):
                if not reset:
                    self.watch(self.new_page())
                    self.open()
                test(self, reset)

    return both


class Cuts(FaultTest):
    """Where the line is cut: at every kind of place that a frame has."""

    @reset_and_close
    def test_before_any_text(self, reset: bool) -> None:
        gate = Gate()
        self.serve(gate, "All of it.")
        self.widget.ask()
        assert gate.reached.wait(LIMIT)
        self.wait_for_the_stream()

        self.proxy.cut(reset=reset)
        self.hurry()
        gate.open()

        self.assert_whole("All of it.")

    def wait_for_the_stream(self) -> None:
        self.proxy.wait_until(lambda: self.proxy.streams[-1:] and self.proxy.streams[-1].status)

    @reset_and_close
    def test_in_the_middle_of_text(self, reset: bool) -> None:
        gate = Gate()
        self.begin("Öne 👋,\n", gate, "two,\nthree.")

        self.cut_at(b"data: two,\nda", gate, reset=reset)

        self.assert_whole("Öne 👋,\ntwo,\nthree.")

    @reset_and_close
    def test_inside_a_character(self, reset: bool) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate, " two 👋👋.")

        self.cut_at(b"two " + WAVE + WAVE[:2], gate, reset=reset)

        self.assert_whole("Öne 👋, two 👋👋.")

    @reset_and_close
    def test_inside_a_position(self, reset: bool) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate, " and a good deal more.")
        answer = self.widget.heard_of("delta")[-1]["message"].replace("-", "")

        # The whole one is 31: three would be a position that the page has passed already.
        self.cut_at(f"id: {answer}:3".encode(), gate, reset=reset)

        self.assert_whole("Öne 👋, and a good deal more.")

    @reset_and_close
    def test_between_the_last_text_and_the_end(self, reset: bool) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate)

        self.proxy.cut(reset=reset)
        self.hurry()
        gate.open()

        self.assert_whole("Öne 👋,")

    @reset_and_close
    def test_in_the_middle_of_the_end(self, reset: bool) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate)

        self.cut_at(b"event: done\nda", gate, reset=reset)

        self.assert_whole("Öne 👋,")

    def test_in_the_middle_of_a_failure(self) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate, Reset())

        self.cut_at(b"event: failed\ndata: {", gate, reset=True)

        self.assert_broken_off("The connection to the model was lost.", "Öne 👋,")

    def test_again_and_again(self) -> None:
        gates = [Gate() for _ in range(4)]
        steps = [step for gate in gates for step in (f"{gates.index(gate)};", gate)]
        self.serve(*steps)
        self.widget.ask()

        for number, gate in enumerate(gates):
            self.widget.assert_text("".join(f"{n};" for n in range(number + 1)))
            self.proxy.cut(reset=bool(number % 2))
            self.hurry()
            gate.open()

        self.assert_whole("0;1;2;3;")

    @reset_and_close
    def test_while_the_question_is_being_taken(self, reset: bool) -> None:
        self.serve("All of it.")
        held = self.proxy.hold_after(b'"question"')
        self.widget.ask()
        assert held.wait(LIMIT)

        self.proxy.cut(reset=reset)
        self.hurry()

        self.assert_whole("All of it.")
        expect(self.widget.questions).to_have_text(["Hello"])
        posts = [each for each in self.proxy.exchanges if each.method == "POST"]
        assert [each.status for each in posts[-2:]] == [201, 201]
        self.page.reload()
        expect(self.widget.questions).to_have_text(["Hello"])
        expect(self.widget.texts).to_have_text(["All of it."])

    def test_code_and_tables_go_on_where_they_were(self) -> None:
        gates = [Gate(), Gate()]
        parts = ["```py\na = 1\nb ", "= 2\n```\n\n| a |\n|---|\n| on", "e |\n| two |\n\nEnd."]
        self.serve(parts[0], gates[0], parts[1], gates[1], parts[2])
        self.widget.ask()

        for gate, shown in zip(gates, ("b", "on"), strict=True):
            expect(self.widget.texts).to_contain_text(shown)
            self.proxy.cut(reset=True)
            self.hurry()
            gate.open()

        self.widget.wait_until("idle")
        expect(self.widget.texts.locator("pre code")).to_have_text("a = 1\nb = 2")
        expect(self.widget.texts.get_by_role("cell")).to_have_text(["one", "two"])
        assert self.widget.text_handed_over == "".join(parts)


class Silence(FaultTest):
    """A line that stays open, on which nothing comes any more."""

    environment: ClassVar[dict[str, str]] = {"MINDWAVE_HEARTBEAT_INTERVAL": "0.5"}

    def test_silent_line_is_left_for_another(self) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate, " two.")
        before = len(self.proxy.streams)
        held = self.proxy.hold_after(b'{"status":"alive"}')
        assert held.wait(LIMIT)

        self.proxy.wait_until(lambda: len(self.proxy.streams) > before)
        gate.open()

        self.assert_whole("Öne 👋, two.")

    def test_silent_in_the_middle_of_text(self) -> None:
        gate = Gate()
        self.begin("Öne 👋,", gate, " two and three.")
        held = self.proxy.hold_after(b"data:  two")

        gate.open()
        assert held.wait(LIMIT)

        self.assert_whole("Öne 👋, two and three.")
