"""The text that a page gets is the text that the model gave, and it comes as it is given."""

from __future__ import annotations

from tests.browser.bare import BareEventSource
from tests.support.upstream import Gate, finish, text

TRICKY = (
    "\n\n  two spaces, a tab\there \n"
    "data: no field\nevent: done\n\nid: 1\n: no comment\n"
    "one\rtwo\r\nthree\r\r\nfour\n\r\r\n"
    "separators\u2028and\u2029and\x85and\x0b\x0c, a NUL \0, a mark \ufeff.\n"
    'ünïcödé العربية 漢字 👩‍👩‍👧‍👦🇺🇳👋🏽 <b>&amp;</b> \\n "quoted"\n   \n'
)
# CR and CRLF arrive as LF, NUL as U+FFFD; there is no other change.
TRICKY_AS_SHOWN = TRICKY.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
LONG = "".join(f"{n}: lorem ipsum dolor\n" for n in range(9000))[:200_000]


def pieces(answer: str, size: int) -> list[str]:
    """Cut a text as servers do that count in UTF-16: emoji may come in halves."""
    units = answer.encode("utf-16-le")
    cuts = range(0, len(units), 2 * size)
    return [units[at : at + 2 * size].decode("utf-16-le", "surrogatepass") for at in cuts]


class Text(BareEventSource):
    def assert_shown(self, wanted: str) -> None:
        self.wait_until_closed()
        assert self.text == wanted
        assert self.events == ["start", "done"]

    def test_exact_in_pieces_of_any_size(self) -> None:
        for size in (1, 2, 3, len(TRICKY)):
            with self.subTest(size=size):
                self.provider.serve_only(*map(text, pieces(TRICKY, size)), finish())
                self.listen()

                self.assert_shown(TRICKY_AS_SHOWN)

    def test_empty_chunks_change_nothing(self) -> None:
        self.provider.serve_only(text(""), text("a\r"), text(""), text("\nb"), text(""), finish())
        self.listen()

        self.assert_shown("a\nb")

    def test_long_answer(self) -> None:
        self.provider.serve_only(*map(text, pieces(LONG, 100)), finish())
        self.listen()

        self.assert_shown(LONG)

    def test_each_token_is_shown_before_the_next_is_given(self) -> None:
        tokens = ["Once", " upon", "\n", " a", " time", "\n\n"]
        gates = [Gate() for _ in tokens]
        steps = (step for each in zip(map(text, tokens), gates, strict=True) for step in each)
        self.provider.serve_only(*steps, finish())
        self.listen()

        shown = ""
        for token, gate in zip(tokens, gates, strict=True):
            shown += token
            self.eventually("text", shown)
            gate.open()

        self.assert_shown(shown)
