from __future__ import annotations

from urllib.parse import parse_qs, quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from middleware.serving.address import first_address, readable


def text_of(address: bytes) -> str:
    return parse_qs(address.partition(b"?")[2].decode("ascii"), strict_parsing=True)["text"][0]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize("encoded", [False, True])
def test_an_umlaut_is_read_however_it_was_sent(encoding: str, encoded: bool) -> None:
    text = "Grüße, Zoë!"
    value = quote(text, encoding=encoding).encode() if encoded else text.replace(" ", "+").encode(encoding)
    assert text_of(readable(b"/tts?voice=de&text=" + value)) == text


def test_each_field_is_read_by_itself() -> None:
    address = readable(b"/tts?text=\xfc&other=\xc3\xbc")
    assert text_of(address) == parse_qs(address.partition(b"?")[2].decode())["other"][0] == "ü"


@pytest.mark.parametrize("address", [b"/", b"/files/a%2Fb", b"/tts?text=a+b%20c&x=%C3%BC", b"*", b"http://h/p?q"])
def test_what_is_right_stays_as_it_is(address: bytes) -> None:
    assert readable(address) == address


@given(st.binary(max_size=40))
def test_anything_becomes_ascii_and_then_stays(address: bytes) -> None:
    once = readable(address)
    assert not any(byte > 127 for byte in once)
    assert readable(once) == once


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_utf8_is_read_as_itself(text: str) -> None:
    assert text_of(readable(b"/tts?text=." + quote(text, safe="").encode())) == f".{text}"


@pytest.mark.parametrize(
    ("data", "address"),
    [
        (b"GET /health HTTP/1.1\r\n", b"/health"),
        (b"\r\nPOST /stt?x=1 H", b"/stt?x=1"),
        (b"GET /heal", None),
        (b"GET", None),
        (b"", None),
    ],
)
def test_the_first_bytes_of_a_request_tell_its_address(data: bytes, address: bytes | None) -> None:
    assert first_address(data) == address
