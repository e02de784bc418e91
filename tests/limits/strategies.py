"""What clients may send, however odd: texts, values of JSON, addresses, content types."""

from __future__ import annotations

import json
from collections.abc import Callable
from encodings.aliases import aliases
from typing import Any
from urllib.parse import urlencode

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# The same examples in every run of the same code.
repeatable = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

ODD = [
    *"\r\n\t\v\f\x85\x1c\x00\x08\x0e\x1b\x1f\x7f\x84\x86\x9f\u2028\ufeff\ud800\udfff",
    *" 😀,;:=%&[]\"'",
    "\r\n",
]


def examples(count: int, **others: Any) -> Callable[[Any], Any]:
    """Try this many examples."""
    return settings(repeatable, max_examples=count, **others)


def is_unicode(text: str) -> bool:
    """Return whether there is no half of a surrogate pair in it."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def texts(*, encodable: bool = False, **size: Any) -> st.SearchStrategy[str]:
    """Return texts rich in what goes wrong; without halves of surrogate pairs if `encodable`.

    `min_size` and `max_size` count ends of lines as one.
    """
    odd = filter(is_unicode, ODD) if encodable else ODD
    some = st.characters(exclude_categories=["Cs"] if encodable else [])
    return st.lists(st.sampled_from(list(odd)) | some, **size).map("".join)


# A server hands over what stood on one line, a character for each byte.
header_texts = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)

whole_numbers = st.integers() | st.integers(0, 5000) | st.sampled_from([10**400, -(10**4000)])
numbers = whole_numbers | st.floats()
written_numbers = numbers.map(str) | st.sampled_from(
    ["1_0", "\uff12", " 1 ", "1.0", "1e999", "nan"]
)
plain_values = st.none() | texts(max_size=15) | numbers | written_numbers

json_values = st.recursive(
    st.none() | st.booleans() | numbers | texts(max_size=15),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(max_size=5), inner),
    max_leaves=5,
)

addresses = st.ip_addresses().map(str)
written_addresses = (
    addresses
    | st.builds("{}:{}".format, addresses, st.integers(0, 70000))
    | st.builds("[{}]:{}".format, st.ip_addresses(v=6), st.integers(0, 70000))
    | st.builds("{}%{}".format, st.ip_addresses(v=6), header_texts)
    | st.builds("::ffff:{}".format, st.ip_addresses(v=4))
    | header_texts
)

FORM, MULTIPART, JSON = (
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json",
)
codecs = sorted(set(aliases.values()) | {"utf8", "idna", "punycode", "undefined"})
charsets = st.sampled_from(codecs) | header_texts
content_types = (
    st.sampled_from([JSON, FORM, MULTIPART, f"{MULTIPART}; boundary=x", "Application/JSON", ""])
    | st.builds("{}; charset={}".format, st.sampled_from([JSON, FORM, "text/plain"]), charsets)
    | st.builds(f"{MULTIPART}; boundary=x; charset={{}}".format, charsets)
    | header_texts
)

json_encodings = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-le", "cp037"])


def _encode(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")


def json_texts(fields: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Return JSON in any encoding: mostly objects with these fields, some of them twice."""
    value = json_values.map(json.dumps) | st.sampled_from(["1e400", "9" * 5000, "-Infinity", "tru"])
    member = st.builds('"{}": {}'.format, fields, value)
    inside = st.lists(member, max_size=4).map(", ".join)
    raw = inside.map("{{{}}}".format) | value
    return st.builds(_encode, raw, json_encodings)


def multipart(fields: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Return bodies in parts, between boundaries that are an x."""
    kind = st.sampled_from(["", '; filename="a"', "; filename*=hex''a", "\r\nContent-Length: x"])
    way = st.sampled_from(["", "base64", "quoted-printable", "hex"])
    part = st.builds(
        lambda name, kind, way, text: (
            f'--x\r\nContent-Disposition: form-data; name="{name}"{kind}\r\n'
            f"Content-Transfer-Encoding: {way}\r\n\r\n{text}\r\n"
        ),
        fields,
        kind,
        way,
        texts(encodable=True, max_size=15),
    )
    end = st.sampled_from(["--x--\r\n", "--x", ""])
    parts = st.lists(part, max_size=3).map("".join)
    return st.builds(lambda parts, end: (parts + end).encode(), parts, end)


PARTS = f"{MULTIPART}; boundary=x"
NAMES = ["prompt", "model", "temperature", "max_tokens", "conversation", "driver", "title"]
FIELDS = st.sampled_from(NAMES)
QUERY = st.sampled_from([*NAMES, "before", "last_event_id", "details"]) | texts(encodable=True)
VALUES = texts(encodable=True, max_size=15) | st.sampled_from(
    ["Hi", "1", "small", "9999-12-31T23:59:59-23:59_" + "0" * 32, "0001-01-01T00:00:00+23:59_0"]
)
QUERIES = st.dictionaries(QUERY, VALUES, max_size=3).map(urlencode)
BODIES = st.binary(max_size=60) | json_texts(FIELDS) | multipart(FIELDS) | QUERIES.map(str.encode)
