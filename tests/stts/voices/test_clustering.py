"""Vectors of people who do not exist: directions with some noise."""

from __future__ import annotations

import numpy as np
import pytest

from stts.voices.clustering import MOST_COMPARED, HowMany, Vectors, grouped, nearest, unit

SAME = 0.63


def people(count: int, each: int, noise: float = 0.03, seed: int = 0) -> tuple[Vectors, list[int]]:
    chance = np.random.default_rng(seed)
    directions = np.eye(count, 64, dtype=np.float32)
    who = [number % count for number in range(count * each)]
    return unit((directions[who] + chance.normal(0, noise, (len(who), 64))).astype(np.float32)), who


def as_heard(labels: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> list[int]:
    """Numbers in the order in which they come up."""
    order = list(dict.fromkeys(labels.tolist()))
    return [order.index(label) for label in labels.tolist()]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_as_many_groups_as_people(count: int) -> None:
    vectors, who = people(count, 12)
    labels, sums = grouped(vectors, np.ones(len(vectors), np.float32), SAME, HowMany())
    assert as_heard(labels) == who and len(sums) == count


def test_a_number_that_is_given_decides() -> None:
    vectors, _ = people(3, 8)
    weights = np.ones(len(vectors), np.float32)
    for count in (1, 2, 3, 6):
        assert len(grouped(vectors, weights, SAME, HowMany.exactly(count))[1]) == count
    assert len(grouped(vectors, weights, SAME, HowMany(most=2))[1]) == 2
    assert len(grouped(vectors[:2], weights[:2], SAME, HowMany.exactly(5))[1]) == 2, "not more than was heard"


def test_voices_that_are_known_have_the_first_groups_and_are_never_one() -> None:
    vectors, who = people(2, 8)
    anchors = unit(np.stack([vectors[1], vectors[0]]))
    labels, _ = grouped(vectors, np.ones(len(vectors), np.float32), SAME, HowMany(), anchors)
    assert labels.tolist() == [1 - each for each in who]
    alike = unit(np.stack([vectors[0], vectors[0] * 0.9]))
    assert len(grouped(vectors, np.ones(len(vectors), np.float32), SAME, HowMany.exactly(1), alike)[1]) >= 2


def test_known_voices_that_are_alike_stay_two_also_when_one_was_joined_by_others() -> None:
    vectors, _ = people(3, 4)
    anchors = unit(np.stack([vectors[0], vectors[3]]))
    _, sums = grouped(vectors, np.ones(len(vectors), np.float32), SAME, HowMany(), anchors)
    assert len(sums) == 4, "both of the first person, and the two others"


def test_hours_are_compared_within_bounds() -> None:
    vectors, who = people(4, MOST_COMPARED)
    labels, sums = grouped(vectors, np.ones(len(vectors), np.float32), SAME, HowMany())
    assert len(sums) == 4 and as_heard(labels) == who


def test_what_is_no_direction_does_no_harm() -> None:
    labels, sums = grouped(np.zeros((3, 8), np.float32), np.ones(3, np.float32), SAME, HowMany())
    assert len(labels) == 3 and len(sums) == 3
    best, likeness = nearest(np.zeros((1, 8), np.float32), sums)
    assert best.tolist() == [0] and likeness.tolist() == [0.0]
