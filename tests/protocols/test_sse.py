"""The encoder of Server-Sent Events."""

from __future__ import annotations

from django.test import SimpleTestCase

from mindwave_django.protocols.sse import encode, one_line, retry
from mindwave_django.testing import parse_events


class EncodeTests(SimpleTestCase):
    def test_event(self) -> None:
        assert encode(b"message", b"Hello") == b"event: message\ndata: Hello\n\n"

    def test_id_comes_first(self) -> None:
        assert encode(b"done", b"{}", event_id=b"abc:end") == (
            b"id: abc:end\nevent: done\ndata: {}\n\n"
        )

    def test_empty_data_is_an_event_all_the_same(self) -> None:
        encoded = encode(b"message", b"")
        assert encoded == b"event: message\ndata: \n\n"
        assert parse_events(encoded)[0].data == ""

    def test_empty_id_resets_the_position(self) -> None:
        assert encode(b"message", b"a", event_id=b"") == b"id: \nevent: message\ndata: a\n\n"

    def test_each_line_of_data_is_a_field(self) -> None:
        for data, lines in (
            (b"a\nb", [b"a", b"b"]),
            (b"a\r\nb", [b"a", b"b"]),
            (b"a\rb", [b"a", b"b"]),
            (b"a\n\rb", [b"a", b"", b"b"]),
            (b"\n", [b"", b""]),
            (b"a\n", [b"a", b""]),
            (b"\n\na", [b"", b"", b"a"]),
        ):
            with self.subTest(data=data):
                fields = b"".join(b"data: " + line + b"\n" for line in lines)
                assert encode(b"x", data) == b"event: x\n" + fields + b"\n"

    def test_other_separators_are_no_line_ends(self) -> None:
        text = "a\u2028b\u2029c\x0bd\x0ce\x1cf\x85g"
        encoded = encode(b"x", text.encode())
        assert encoded.count(b"data: ") == 1
        assert parse_events(encoded)[0].data == text

    def test_data_cannot_pass_for_another_event(self) -> None:
        data = "a\n\nevent: done\ndata: {}\nid: x\n\n: b"
        events = parse_events(encode(b"message", data.encode(), event_id=b"1"))
        assert events == [("message", data, "1")]

    def test_spaces_and_colons_of_data_survive(self) -> None:
        for text in (" a", "  a ", ":a", "a: b", "\ta"):
            with self.subTest(text=text):
                assert parse_events(encode(b"message", text.encode()))[0].data == text


class OneLineTests(SimpleTestCase):
    def test_text(self) -> None:
        assert one_line("stream:é") == "stream:é".encode()

    def test_line_ends_and_nul_are_refused(self) -> None:
        for value in ("a\nb", "a\rb", "a\r\nb", "\n", "a\0b"):
            with self.subTest(value=value), self.assertRaises(ValueError) as caught:
                one_line(value)
            assert str(caught.exception) == f"Should be one line without NUL, got {value!r}."


class RetryTests(SimpleTestCase):
    def test_milliseconds(self) -> None:
        assert retry(0) == b"retry: 0\n"
        assert retry(1500) == b"retry: 1500\n"
