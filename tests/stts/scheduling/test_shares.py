"""Requests are divided among engines by weight."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from stts.scheduling.shares import Shares


def test_weights_are_kept_in_every_round() -> None:
    shares = Shares()
    assert [shares.next({"a": 3, "b": 1}) for _ in range(8)] == ["a", "a", "b", "a"] * 2


def test_nobody_has_a_turn_without_weight() -> None:
    assert Shares().next({}) is None
    assert Shares().next({"a": 0.0}) is None


def test_engines_come_and_go() -> None:
    shares = Shares()
    assert shares.next({"a": 1, "b": 1}) == "a"
    assert shares.next({"a": 1}) == "a"
    assert {shares.next({"a": 1, "b": 1}) for _ in range(2)} == {"a", "b"}


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(1, 9), min_size=1))
def test_a_full_round_gives_each_its_share(weights: dict[str, int]) -> None:
    shares = Shares()
    assert Counter(shares.next(weights) for _ in range(sum(weights.values()))) == weights
