"""Text comes out the same, however the provider cut it."""

from __future__ import annotations

import json
from itertools import combinations

from django.test import SimpleTestCase

from mindwave_django.streaming.normalise import REPLACEMENT, TextNormaliser

HALVES = json.loads('"\\ud83d\\ude00"')  # one character, joined by the JSON parser
HIGH, LOW = "\ud83d", "\ude00"

CASES = (
    # what comes in, as UTF-16 units, and what has to come out
    ("plain text", "plain text"),
    ("a\r\nb", "a\nb"),
    ("a\rb", "a\nb"),
    ("a\r\r\nb\n\rc\r", "a\n\nb\n\nc\n"),
    ("\n\r\n", "\n\n"),
    ("a\0b\0", f"a{REPLACEMENT}b{REPLACEMENT}"),
    (f"x{HIGH}{LOW}y", "x\N{GRINNING FACE}y"),
    (f"{HIGH}{LOW}\r\n{HIGH}{LOW}", "\N{GRINNING FACE}\n\N{GRINNING FACE}"),
    (f"{HIGH}x", f"{REPLACEMENT}x"),
    (f"x{LOW}y", f"x{REPLACEMENT}y"),
    (f"x{HIGH}", f"x{REPLACEMENT}"),
    (f"{HIGH}{HIGH}{LOW}", f"{REPLACEMENT}\N{GRINNING FACE}"),
    (f"{LOW}{HIGH}", f"{REPLACEMENT}{REPLACEMENT}"),
    (f"\r{HIGH}\n", f"\n{REPLACEMENT}\n"),
    ("  leading\u2028and\x85other line ends", "  leading\u2028and\x85other line ends"),
    ("Grüße, \N{GRINNING FACE} 漢字", "Grüße, \N{GRINNING FACE} 漢字"),
    ("", ""),
)


def normalise(pieces: list[str]) -> str:
    normaliser = TextNormaliser()
    return "".join([*map(normaliser.feed, pieces), normaliser.finish()])


def cuttings(text: str) -> list[list[str]]:
    """Return the text whole, in single characters, and cut at every two places."""
    cut = [[text], list(text)]
    for first, second in combinations(range(len(text) + 1), 2):
        cut.append([text[:first], text[first:second], text[second:]])
    return cut


class TextNormaliserTests(SimpleTestCase):
    def test_every_cutting_gives_the_same_text(self) -> None:
        for given, expected in CASES:
            for pieces in cuttings(given):
                with self.subTest(pieces=pieces):
                    assert normalise(pieces) == expected

    def test_result_can_always_be_encoded(self) -> None:
        for given, _ in CASES:
            normalise([given]).encode()

    def test_line_end_is_not_held_back(self) -> None:
        normaliser = TextNormaliser()
        assert normaliser.feed("a\r") == "a\n"
        assert normaliser.feed("\nb") == "b"

    def test_an_empty_piece_changes_nothing(self) -> None:
        normaliser = TextNormaliser()
        assert normaliser.feed("a\r") + normaliser.feed("") + normaliser.feed("\n") == "a\n"

    def test_nothing_is_left_after_finish(self) -> None:
        normaliser = TextNormaliser()
        normaliser.feed(HIGH)
        assert normaliser.finish() == REPLACEMENT
        assert normaliser.finish() == ""

    def test_whole_emoji_of_strict_json_pass(self) -> None:
        assert normalise([HALVES]) == "\N{GRINNING FACE}"
