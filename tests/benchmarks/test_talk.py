from __future__ import annotations

import pytest

from benchmarks.talk import Spoken, right_share

TRUTH = (Spoken(0.0, 2.0, "x"), Spoken(2.5, 4.5, "y"))


def test_names_count_for_nothing() -> None:
    assert right_share([Spoken(0.0, 2.0, "B"), Spoken(2.5, 4.5, "A")], TRUTH) == (1.0, 1.0)


def test_what_is_wrong_and_what_is_not_told() -> None:
    covered, right = right_share([Spoken(0.0, 2.0, "A"), Spoken(2.5, 3.5, "A")], TRUTH)
    assert covered == pytest.approx(0.75) and right == pytest.approx(2 / 3)
    covered, right = right_share([Spoken(0.0, 4.5, "A")], TRUTH)
    assert covered == 1.0 and right == pytest.approx(0.5)


def test_nobody_told_is_nothing_right() -> None:
    assert right_share([], TRUTH) == (0.0, 0.0)
