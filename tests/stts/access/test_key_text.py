"""The text of keys: one form, read strictly, never shown by accident."""

from __future__ import annotations

import re

import pytest

from stts.access.key_text import LONGEST, KeyText, is_same


def test_a_key_is_read_back() -> None:
    text = KeyText.new()
    assert re.fullmatch(r"stts_[0-9a-f]{12}_[0-9a-f]{64}", str(text)) and len(str(text)) == LONGEST
    assert KeyText.parse(str(text).encode()) == text
    assert text.secret.decode() not in repr(text)


def test_two_keys_have_nothing_in_common() -> None:
    one, other = KeyText.new(), KeyText.new()
    assert one.id != other.id and one.hash != other.hash
    assert KeyText.new(one.id).hash != one.hash


WHOLE = "stts_0123456789ab_" + "c" * 64


@pytest.mark.parametrize(
    "offered",
    [
        "",
        "stts_",
        WHOLE[:-1],
        WHOLE + "0",
        WHOLE.upper(),
        WHOLE.replace("stts", "sk"),
        WHOLE.replace("_", "-"),
        " " + WHOLE,
        "x" * 100_000,
        "stts_0123456789ab_" + "é" * 32,
        "stts_' OR 1=1 --_" + "0" * 64,
    ],
)
def test_anything_else_is_no_key(offered: str) -> None:
    assert KeyText.parse(offered.encode()) is None


def test_nothing_is_the_same_as_no_hash() -> None:
    assert is_same(b"a" * 32, b"a" * 32)
    assert not is_same(b"a" * 32, b"b" * 32)
    assert not is_same(None, bytes(32))
