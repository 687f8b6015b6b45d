"""Groups vectors of voices into speakers, by how alike they are. Pure.

Groups are joined, the most alike first, until none are alike enough, or as few are left as there are people. Weights
are seconds: what was heard for longer counts for more. Anchors are voices that are known: each begins a group of its
own, and no two of them are ever joined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""Shape (n, size), each row of unit length."""

MOST_COMPARED = 600
"""Vectors whose every pair is compared: of more, those that are nearly one are taken as one before."""
NEARLY_ONE = 0.15
"""So much more alike than two vectors of one speaker are those that are taken as one before."""


@dataclass(frozen=True, slots=True)
class HowMany:
    """Numbers of speakers that come into question."""

    fewest: int = 1
    most: int = 64

    @classmethod
    def exactly(cls, count: int) -> HowMany:
        return cls(count, count)


def unit(vectors: Vectors) -> Vectors:
    """The vectors at unit length, in their last dimension."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


def grouped(
    vectors: Vectors,
    weights: NDArray[np.float32],
    same: float,
    many: HowMany,
    anchors: Vectors | None = None,
) -> tuple[NDArray[np.intp], Vectors]:
    """The group of each vector, and the sum of each group's vectors by their weights.

    `same`: cosine from which two vectors are of one speaker. The first groups are those of the anchors.
    """
    known = 0 if anchors is None else len(anchors)
    first, sums = _premerged(vectors, weights, min(1.0, same + NEARLY_ONE))
    if anchors is not None and known:
        # Known voices weigh as much as the longest piece, so that no cough draws them away.
        sums = np.concatenate((unit(anchors) * max(1.0, float(weights.max(initial=1.0))), sums))
    labels, sums = _joined(sums, same, many, known)
    return labels[known:][first], sums


def nearest(vectors: Vectors, sums: Vectors) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The group that each vector is most like, and the cosine between them."""
    likeness = unit(vectors) @ unit(sums).T
    best = np.argmax(likeness, axis=1)
    return best, likeness[np.arange(len(vectors)), best]


def _premerged(vectors: Vectors, weights: NDArray[np.float32], nearly: float) -> tuple[NDArray[np.intp], Vectors]:
    """Few enough sums of vectors, and for each vector which of them it is in."""
    weighted = unit(vectors) * weights[:, None]
    if len(vectors) <= MOST_COMPARED:
        return np.arange(len(vectors)), weighted
    sums = np.zeros((MOST_COMPARED, vectors.shape[1]), np.float32)
    used, place = 0, np.zeros(len(vectors), np.intp)
    for number, vector in enumerate(weighted):
        likeness = unit(sums[:used]) @ unit(vector)
        best = int(np.argmax(likeness)) if used else 0
        if used < MOST_COMPARED and (not used or likeness[best] < nearly):
            best, used = used, used + 1
        sums[best] += vector
        place[number] = best
    return place, sums[:used]


def _joined(sums: Vectors, same: float, many: HowMany, known: int) -> tuple[NDArray[np.intp], Vectors]:
    """Joins the most alike again and again. The first `known` are never joined with each other."""
    sums = sums.copy()
    labels = np.arange(len(sums))
    alive = np.ones(len(sums), np.bool_)
    likeness = unit(sums) @ unit(sums).T
    np.fill_diagonal(likeness, -2.0)
    likeness[:known, :known] = -2.0
    while alive.sum() > max(1, many.fewest, known):
        into, gone = sorted(map(int, np.unravel_index(int(np.argmax(likeness)), likeness.shape)))
        best = float(likeness[into, gone])
        if best <= -2.0 or (best < same and alive.sum() <= max(many.most, known)):
            break
        sums[into] += sums[gone]
        labels[labels == gone] = into
        alive[gone] = False
        row = unit(sums) @ unit(sums[into])
        row[~alive] = -2.0
        row[into] = -2.0
        if into < known:
            row[:known] = -2.0
        likeness[into, :] = likeness[:, into] = row
        likeness[gone, :] = likeness[:, gone] = -2.0
    numbers = np.cumsum(alive) - 1
    return numbers[labels], sums[alive]
