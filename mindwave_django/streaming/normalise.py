"""One form of text for offsets, rows, signals and wire: LF line ends, whole characters, no NUL."""

from __future__ import annotations

import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class TextNormaliser:
    """Normalises a text that comes in pieces, as if it had come whole.

    CRLF and CR become LF, NUL (which PostgreSQL refuses) becomes U+FFFD. A surrogate pair cut in
    halves, as servers that count in UTF-16 cut emoji, is joined; a half without its other becomes
    U+FFFD.
    """

    def __init__(self) -> None:
        self._high = ""  # half a character, until its other half comes
        self._after_cr = False

    def feed(self, text: str) -> str:
        """Return the normalised form of the next piece; may be empty."""
        if text.isascii() and "\r" not in text and "\0" not in text and not self._held:
            return text
        return self._slow(text)

    def finish(self) -> str:
        """Return what is still held back once no more text will come."""
        rest = REPLACEMENT if self._high else ""
        self._high = ""
        return rest

    @property
    def _held(self) -> bool:
        return self._after_cr or bool(self._high)

    def _slow(self, text: str) -> str:
        return self._line_ends(self._characters(text)).replace("\0", REPLACEMENT)

    def _characters(self, text: str) -> str:
        text = self._high + text
        self._high = ""
        if _SURROGATE.search(text) is None:
            return text
        text = _PAIR.sub(lambda m: m[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
        if "\ud800" <= text[-1] <= "\udbff":
            self._high = text[-1]
            text = text[:-1]
        return _SURROGATE.sub(REPLACEMENT, text)

    def _line_ends(self, text: str) -> str:
        if not text:
            return text
        if self._after_cr:
            text = text.removeprefix("\n")
            self._after_cr = False
        # The LF for a CR goes out at once; only a LF right after it is dropped later.
        self._after_cr = text.endswith("\r")
        return text.replace("\r\n", "\n").replace("\r", "\n")
