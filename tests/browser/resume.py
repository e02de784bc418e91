"""A bare EventSource whose line is cut ends with the whole answer, asked for once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from tests.browser.bare import BareEventSource
from tests.browser.support import LIMIT
from tests.support.upstream import Gate, Reset, finish, text


def reset_and_close(test: Callable[[Cuts], None]) -> Callable[[Cuts], None]:
    """Run a test with a line that is cut by a TCP reset, and with one that is closed."""

    @wraps(test)
    def both(self: Cuts) -> None:
        for self.reset in (True, False):
            with self.subTest(reset=self.reset):
                test(self)

    return both


class Cuts(BareEventSource):
    """Every test says what the model answers, and where the line is cut."""

    reset: bool

    def assert_whole(self, wanted: str, *events: str) -> None:
        self.wait_until_closed()
        assert self.text == wanted
        assert self.events == [*events]
        assert len(self.provider.requests) == 1
        assert [exchange.status for exchange in self.proxy.streams] == [200] * (
            len(self.proxy.streams) - 1
        ) + [204]

    def cut_at(self, marker: bytes, *, opening: Gate | None = None) -> None:
        """Cut the line when it has carried `marker`, which comes once the gate is open."""
        held = self.proxy.hold_after(marker)
        if opening is not None:
            opening.open()
        assert held.wait(LIMIT), "The marker never came."
        self.proxy.cut(reset=self.reset)

    @reset_and_close
    def test_cut_before_any_text(self) -> None:
        gate = Gate()
        self.provider.serve_only(gate, text("All of it."), finish())
        self.listen()
        self.eventually("events.length", 1)

        self.proxy.cut(reset=self.reset)
        gate.open()

        self.assert_whole("All of it.", "start", "start", "done")

    @reset_and_close
    def test_cut_in_the_middle_of_a_frame_of_text(self) -> None:
        gate = Gate()
        self.provider.serve_only(text("Öne 👋,\n"), gate, text("two,\nthree."), finish())
        self.listen()
        self.eventually("text", "Öne 👋,\n")

        self.cut_at(b"data: two,\nda", opening=gate)

        self.assert_whole("Öne 👋,\ntwo,\nthree.", "start", "start", "done")

    @reset_and_close
    def test_cut_between_the_last_text_and_done(self) -> None:
        gate = Gate()
        self.provider.serve_only(text("All of it."), gate, finish())
        self.listen()
        self.eventually("text", "All of it.")

        self.proxy.cut(reset=self.reset)
        gate.open()

        self.assert_whole("All of it.", "start", "start", "done")

    @reset_and_close
    def test_cut_in_the_middle_of_done(self) -> None:
        gate = Gate()
        self.provider.serve_only(text("All of it."), gate, finish())
        self.listen()
        self.eventually("text", "All of it.")

        self.cut_at(b"event: done\nda", opening=gate)

        self.assert_whole("All of it.", "start", "start", "done")

    @reset_and_close
    def test_cut_after_done(self) -> None:
        self.provider.serve_only(text("All of it."), finish())
        held = self.proxy.hold_after(b'{"status":"complete"}\n\n')
        self.listen()
        self.eventually('events.includes("done")')

        assert held.is_set()
        self.proxy.cut(reset=self.reset)

        self.assert_whole("All of it.", "start", "done")

    @reset_and_close
    def test_cut_in_the_middle_of_failed(self) -> None:
        gate = Gate()
        self.provider.serve_only(text("As far as"), gate, Reset())
        self.listen()
        self.eventually("text", "As far as")

        self.cut_at(b"event: failed\ndata: {", opening=gate)

        self.assert_whole("As far as", "start", "start", "failed")

    @reset_and_close
    def test_cut_after_failed(self) -> None:
        self.provider.serve_only(text("As far as"), Reset())
        held = self.proxy.hold_after(b'"retryable":true}\n\n')
        self.listen()
        self.eventually('events.includes("failed")')

        assert held.is_set()
        self.proxy.cut(reset=self.reset)

        self.assert_whole("As far as", "start", "failed")

    @reset_and_close
    def test_cut_again_and_again(self) -> None:
        gates = [Gate() for _ in range(3)]
        steps = [step for gate in gates for step in (text(f"{gates.index(gate)};"), gate)]
        self.provider.serve_only(*steps, finish())
        self.listen()

        for number, gate in enumerate(gates):
            self.eventually("text", "".join(f"{n};" for n in range(number + 1)))
            self.proxy.cut(reset=self.reset)
            gate.open()

        self.assert_whole("0;1;2;", "start", "start", "start", "start", "done")
