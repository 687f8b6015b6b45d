"""Base64 from clients is read as Python reads it."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode

import pybase64
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from routers.http.base64_text import from_base64


@given(st.binary(max_size=64))
def test_what_was_encoded_is_read(data: bytes) -> None:
    assert pybase64.b64encode(data) == b64encode(data)
    assert from_base64(b64encode(data).decode()) == data


@given(st.text("AQgwz9+/= _-", max_size=12) | st.text(max_size=8))
@example("AAAA=")
@example("AAA==")
@example("AA==AA==")
@example("A===")
@example("=")
def test_it_is_as_strict_as_python(text: str) -> None:
    try:
        wanted = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        with pytest.raises(ValueError):
            from_base64(text)
    else:
        assert from_base64(text) == wanted
