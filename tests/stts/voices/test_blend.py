"""Blends are read as people write them; what adds up to no voice is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.voices.blend import MOST_PARTS, MOST_SHARE, Part, blend_id, is_blend, read_blend


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("af_sky", [Part("af_sky", 1.0)]),
        ("AF_bella + af_sky", [Part("af_bella", 0.5), Part("af_sky", 0.5)]),
        ("af_bella(2)+af_sky(0.5)", [Part("af_bella", 0.8), Part("af_sky", 0.2)]),
        ("af_heart(0.7)+af_bella(0.3)", [Part("af_heart", 0.7), Part("af_bella", 0.3)]),
        ("a(1)-b(0.2)", [Part("a", 1.25), Part("b", -0.25)]),
        ("a - b(0.2) + c(0.2)", [Part("a", 1.0), Part("c", 0.2), Part("b", -0.2)]),
        ("a+b+a", [Part("a", 0.6667), Part("b", 0.3333)]),
        ("af_sky(0)", []),
        ("af_sky(-1)", []),
        ("+af_sky", []),
        ("af_sky+", []),
        ("-a+b(3)", []),
        ("a-b", []),
        ("a-b(0.9)", []),
        ("a b", []),
        ("a(1", []),
        ("", []),
        (" ", []),
        ("+".join(["af_sky"] * (MOST_PARTS + 1)), []),
    ],
)
def test_blends_are_read(written: str, parts: list[Part]) -> None:
    assert list(read_blend(written)) == parts


@pytest.mark.parametrize(("written", "is_one"), [("a+b", True), ("a(1)-b(0.1)", True), ("en-US", False), ("a", False)])
def test_only_what_is_surely_meant_so_is_a_blend(written: str, is_one: bool) -> None:
    assert is_blend(written) is is_one


@given(st.text("ab_+-(). 0123456789", max_size=40))
def test_any_text_is_read_or_refused_and_what_is_read_has_one_spelling(text: str) -> None:
    parts = read_blend(text)
    if parts:
        assert sum(part.weight for part in parts) == pytest.approx(1.0, abs=1e-3)
        assert all(abs(part.weight) <= MOST_SHARE for part in parts)
        again = read_blend(blend_id(parts))
        assert [part.name for part in again] == [part.name for part in parts]
        assert [part.weight for part in again] == pytest.approx([part.weight for part in parts], abs=2e-3)
