"""The widget on a phone with a 3G line, as Chromium imitates it."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from tests.browser.support import LIMIT
from tests.browser.widget.cuts import FaultTest
from tests.browser.widget.widget import expect
from tests.support.upstream import Gate, Step

LATENCY = 400  # milliseconds of each request
BYTES_A_SECOND = 400_000 / 8
PARTS = 10
TOKENS = 300  # of a part: three thousand in all


def part(number: int) -> list[str]:
    """Return the tokens of a part: a paragraph that ends with a word which no other has."""
    words = [f"w{number}x{token} " for token in range(TOKENS - 1)]
    return [*words, f"end{number}\n\n"]


PARTS_OF_TEXT = [part(number) for number in range(PARTS)]
TEXT = "".join("".join(tokens) for tokens in PARTS_OF_TEXT)


class SlowNetwork(FaultTest):
    window: ClassVar[dict[str, Any]] = {"viewport": {"width": 390, "height": 844}}

    def setUp(self) -> None:
        super().setUp()
        self.line = self.context.new_cdp_session(self.page)
        self.line.send("Network.enable")
        self.set_line()

    def set_line(self, *, offline: bool = False) -> None:
        """Be on 3G, or in a tunnel."""
        conditions = {
            "offline": offline,
            "latency": LATENCY,
            "downloadThroughput": BYTES_A_SECOND,
            "uploadThroughput": BYTES_A_SECOND,
        }
        self.line.send("Network.emulateNetworkConditions", conditions)

    def ask_for_parts(self) -> list[Gate]:
        """Ask; return the gates that stand behind each part but the last."""
        gates = [Gate() for _ in range(PARTS - 1)]
        steps: list[Step | str] = []
        for number, tokens in enumerate(PARTS_OF_TEXT):
            steps += [*tokens, *gates[number : number + 1]]
        self.serve(*steps)
        self.widget.ask()
        return gates

    def assert_shown(self, number: int) -> None:
        """Wait for the end of a part; the next one is not there yet."""
        expect(self.widget.texts).to_contain_text(f"end{number}")
        assert f"w{number + 1}x0" not in str(self.widget.texts.text_content())

    def assert_whole(self, wanted: str) -> None:
        """Wait for the end: each paragraph is there, once, and the model was asked once."""
        self.widget.wait_until("idle")
        paragraphs = self.widget.texts.locator("p")
        expect(paragraphs.last).to_contain_text(f"end{PARTS - 1}")
        # Not by `inner_text`, which leaves out what is far from the screen.
        assert paragraphs.all_text_contents() == wanted.strip().split("\n\n")
        assert self.widget.text_handed_over == wanted
        expect(self.widget.notes).to_have_text([""])
        expect(self.widget.connection).to_be_hidden()
        assert len(self.asked) == 1

    def test_line_is_as_slow_as_that(self) -> None:
        """So that the other tests try what they say."""
        took = (
            "async () => { const at = performance.now(); await fetch('/mindwave/conversations/');"
        )
        milliseconds = self.page.evaluate(f"{took} return performance.now() - at; }}")
        assert milliseconds >= LATENCY * 0.9

        size = self.page.evaluate(
            "async (url) => (await (await fetch(url, {cache: 'no-store'})).blob()).size",
            "/static/mindwave_django/client.js",
        )
        began = time.monotonic()
        self.page.evaluate(
            "async (url) => { await (await fetch(url, {cache: 'no-store'})).blob(); }",
            "/static/mindwave_django/client.js",
        )
        assert time.monotonic() - began >= 0.9 * size / BYTES_A_SECOND

    def test_long_answer_grows_while_it_comes(self) -> None:
        gates = self.ask_for_parts()
        for number, gate in enumerate(gates):
            self.assert_shown(number)
            gate.open()

        self.assert_whole(TEXT)

    def test_stop(self) -> None:
        self.ask_for_parts()[0].open()
        self.assert_shown(1)

        self.widget.stop.click()

        self.provider.wait_until(lambda: self.provider.open_streams == 0, LIMIT)
        self.widget.wait_until("idle")
        expect(self.widget.notes).to_have_text("Stopped")
        expect(self.widget.texts).to_contain_text("end1")
        assert len(self.asked) == 1

    def test_tunnel(self) -> None:
        gates = self.ask_for_parts()
        gates[0].open()
        self.assert_shown(1)

        self.set_line(offline=True)
        self.proxy.cut(reset=True)  # which the browser does not do to lines that are open
        expect(self.widget.connection).to_be_visible()
        for gate in gates:
            gate.open()
        self.provider.wait_until(lambda: self.provider.open_streams == 0, LIMIT)
        assert "w2x0" not in str(self.widget.texts.text_content())
        self.set_line()

        self.assert_whole(TEXT)
        resumed = [each for each in self.proxy.streams if "last_event_id=" in each.path]
        assert resumed
