"""Awkward texts, as fixtures of a provider that cuts them awkwardly."""

from __future__ import annotations

from typing import Any

EMOJI = "👩‍🚀🧑🏽‍💻 and 🇪🇺!"
LONG = "".join(f"{number:>7} — {number * 7919:x}\n" for number in range(20_000))[:200_000]
assert len(LONG) == 200_000

# prompt → what the model says, in pieces of how many UTF-16 units, and what readers get.
TEXTS: dict[str, tuple[str, int, str]] = {
    "newlines": ("\none\n\n\ntwo\n", 1, "\none\n\n\ntwo\n"),
    "leading-spaces": ("  two\n   three\n\n one", 2, "  two\n   three\n\n one"),
    "carriage-returns": ("one\rtwo\r\nthree\r\n\r\nfour\r", 1, "one\ntwo\nthree\n\nfour\n"),
    "line-separators": (
        "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
        3,
        "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
    ),
    "nul": ("a\0b\0", 2, "a\ufffdb\ufffd"),
    "emoji": (EMOJI, 1, EMOJI),
    "emoji-in-pairs": ("x" + EMOJI, 2, "x" + EMOJI),
    "fields": ("data: x\n\nevent: done\nid: 7\n: no\n", 4, "data: x\n\nevent: done\nid: 7\n: no\n"),
    "long": (LONG, 997, LONG),
    "empty": ("", 5, ""),
}


def _fixture(prompt: str) -> dict[str, Any]:
    said, size, _ = TEXTS[prompt]
    return {
        "match": {"userMessage": prompt},
        "response": {"content": said},
        "chunkSize": size,
        "latency": 0,
    }


def fixtures() -> list[dict[str, Any]]:
    """Return one fixture for each prompt of TEXTS."""
    # The first fixture whose text the prompt contains is taken: the longest ones first.
    return [_fixture(prompt) for prompt in sorted(TEXTS, key=len, reverse=True)]
