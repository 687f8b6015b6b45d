from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stts.voices.change_points import Windows, pieces_of, runs, spoken_by, turns_of
from stts.voices.clustering import unit

SAME, HOP, WIDTH = 0.63, 0.4, 0.8


def heard(*who: int, start: float = 10.0, noise: float = 0.05) -> Windows:
    """A region in which each window is of one of some people."""
    chance = np.random.default_rng(1)
    vectors = np.eye(4, 16, dtype=np.float32)[list(who)] + chance.normal(0, noise, (len(who), 16))
    return Windows(start, WIDTH + HOP * (len(who) - 1), unit(vectors.astype(np.float32)), WIDTH, HOP)


def test_pieces_are_of_one_voice_and_not_long() -> None:
    windows = heard(*[0] * 8, *[1] * 20)
    pieces = pieces_of(windows, SAME)
    assert pieces[0].first == 0 and pieces[-1].last == 28
    assert 8 in {piece.first for piece in pieces}
    assert all(one.last == two.first for one, two in pairwise(pieces))
    assert all(piece.seconds <= 4.5 for piece in pieces)
    assert sum(piece.seconds for piece in pieces) == pytest.approx(windows.seconds)


def test_turns_hold_all_of_the_region() -> None:
    windows = heard(*[0] * 8, *[1] * 8)
    (one, two) = turns_of(windows, SAME, 0.5)
    assert one[0] == 10.0 and one[1] == two[0] and two[1] == pytest.approx(10.0 + windows.seconds)
    assert two[0] == pytest.approx(10.0 + WIDTH / 2 + 7.5 * HOP)
    assert len(list(turns_of(heard(*[0] * 8, 1), SAME, 1.5))) == 1, "nothing is cut off that nobody could understand"


def test_nobody_says_but_half_a_word() -> None:
    sums = np.eye(2, 16, dtype=np.float32)
    odd = heard(*[0] * 6)
    odd.vectors[3] = unit(np.array([0.5, 0.6] + [0.0] * 14, np.float32))
    assert set(spoken_by(odd, sums).tolist()) == {0}
    assert spoken_by(heard(*[0] * 4, *[1] * 3, *[0] * 3), sums).tolist() == [0] * 4 + [1] * 3 + [0] * 3


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40))
def test_runs_are_the_labels(labels: list[int]) -> None:
    found = list(runs(labels))
    assert [label for first, last, label in found for _ in range(first, last)] == labels


@given(st.lists(st.integers(0, 3), min_size=1, max_size=30), st.floats(-1, 100))
def test_each_moment_has_a_window(who: list[int], time: float) -> None:
    windows = heard(*who, noise=0.0)
    place = windows.at(time)
    assert 0 <= place < len(who)
    if windows.edge(place) < time < windows.edge(place + 1):
        assert windows.at(time) == place
    assert sum(piece.last - piece.first for piece in pieces_of(windows, SAME)) == len(who)
