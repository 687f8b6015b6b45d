"""Packed entries: what comes back is what was packed, or nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.cache.stored import MAGIC, Selection, described, pack, unpack
from tests.stts.cache.entries import NOW, entry, key


def test_an_entry_comes_back_as_it_was() -> None:
    kept = entry(7, voices=("anna", "ab12"), owner="0123456789abcdef")
    packed = pack(key(7), kept)
    assert unpack(key(7), packed) == kept
    assert described(packed[:4096]) == replace(kept, data=b"")
    assert described(packed[:30]) is None


def test_a_compressed_entry_comes_back_as_it_was() -> None:
    kept = replace(entry(7), data=bytes(10_000))
    packed = pack(key(7), kept, compress=True)
    assert len(packed) < 1000 and unpack(key(7), packed) == kept
    assert described(packed[:4096]) == replace(kept, data=b"")
    small = replace(kept, data=b"ID3")
    assert pack(key(7), small, compress=True) == pack(key(7), small)


@given(st.integers(0, 700), st.integers(0, 7))
def test_one_flipped_bit_is_found(place: int, bit: int) -> None:
    packed = bytearray(pack(key(1), entry(1, 400)))
    place %= len(packed)
    packed[place] ^= 1 << bit
    assert unpack(key(1), bytes(packed)) is None


@given(st.integers(0, 700))
def test_a_cut_entry_is_none(length: int) -> None:
    packed = pack(key(1), entry(1, 400))
    assert unpack(key(1), packed[: length % len(packed)]) is None


def test_an_entry_under_another_key_is_none() -> None:
    assert unpack(key(2), pack(key(1), entry())) is None


@pytest.mark.parametrize("foreign", [b"", b"RIFF", MAGIC, MAGIC + b"\xff" * 100])
def test_what_is_no_entry(foreign: bytes) -> None:
    assert unpack(key(1), foreign) is None and described(foreign) is None


def test_freshness() -> None:
    kept = entry(seconds=100.0)
    assert kept.is_fresh(NOW) and kept.is_fresh(NOW + 99.9) and not kept.is_fresh(NOW + 100.0)


def test_a_clock_that_was_set_back_makes_nothing_last_for_ever() -> None:
    kept = entry(seconds=100.0)
    assert kept.is_fresh(NOW - 60.0) and kept.age(NOW - 60.0) == 0.0
    assert not kept.is_fresh(NOW - 101.0)


def test_selections() -> None:
    kept = entry(engine="piper", voices=("anna", "ab12"), owner="u1")
    assert Selection().takes(kept) and Selection(engine="piper", voice="ab12", owner="u1").takes(kept)
    for other in (Selection(engine="tone"), Selection(voice="an"), Selection("piper", "anna", "u2")):
        assert not other.takes(kept)
