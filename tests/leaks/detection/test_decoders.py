"""Stored bytes become text without losing what a scanner needs."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyproof.leaks.detection.decoders import text, to_utf8, wide_encoding

_ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=4)

_LONGER = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=20)


@given(_ASCII, st.sampled_from(["utf-16-le", "utf-16-be"]), st.booleans())
def test_utf_16_of_ascii_is_recognised(written: str, encoding: str, marked: bool) -> None:
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}[encoding] if marked else b""
    content = mark + written.encode(encoding)
    assert wide_encoding(content) == encoding
    assert to_utf8(content) == written.encode()


@given(_LONGER, st.sampled_from(["utf-32-le", "utf-32-be"]), st.booleans())
def test_utf_32_of_ascii_is_recognised(written: str, encoding: str, marked: bool) -> None:
    mark = {"utf-32-le": codecs.BOM_UTF32_LE, "utf-32-be": codecs.BOM_UTF32_BE}[encoding] if marked else b""
    content = mark + written.encode(encoding)
    assert wide_encoding(content) == encoding
    assert to_utf8(content) == written.encode()


@given(st.text().map(str.encode))
def test_utf_8_is_left_alone(content: bytes) -> None:
    if b"\0" not in content:
        assert wide_encoding(content) is None
        assert to_utf8(content) is content


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"\0\0\0\0", bytes(range(256)), b"\x7fELF\2\1\1" + b"\0" * 9],
)
def test_other_bytes_are_no_wide_text(content: bytes) -> None:
    assert wide_encoding(content) is None


@given(st.binary())
def test_no_bytes_are_refused(content: bytes) -> None:
    to_utf8(content).decode("utf-8", "replace")
    assert isinstance(text(content), str)


def test_a_part_is_utf_8_or_latin_1() -> None:
    assert text("é".encode()) == "é"
    assert text("é".encode("latin-1")) == "é"
    assert text(codecs.BOM_UTF8 + b"a") == "a"


def test_half_a_surrogate_does_not_stop_the_scan() -> None:
    assert to_utf8(codecs.BOM_UTF16_LE + b"\x00\xd8a\x00b\x00").endswith(b"b")
