"""Which regions go through a Whisper model together. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engines.stt.faster_whisper_region import Heard
from engines.stt.faster_whisper_window import columns_of

MOST_TOGETHER = 4
"""Regions of one batch: more save little, and wait for the longest of them."""


@dataclass(frozen=True, slots=True)
class Batch:
    regions: tuple[Heard, ...]
    numbers: tuple[int, ...]
    """Numbers of the regions among those that were asked for."""


def batches(regions: Mapping[int, Heard], workers: int) -> Iterator[Batch]:
    """Batches of regions that are alike enough, as many at least as there are workers, longest regions first.

    Whole windows go alone: their encoder is the work, and gains nothing by company.
    """
    alike: dict[object, list[int]] = defaultdict(list)
    for number, region in sorted(regions.items(), key=lambda each: -each[1].seconds):
        whole = columns_of(region.seconds, whole=False) == columns_of(region.seconds, whole=True)
        alike[number if whole or region.whole_window else (len(region.prompt), region.guards, region.interim)].append(
            number
        )
    for numbers in alike.values():
        size = min(MOST_TOGETHER, max(1, -(-len(numbers) // workers)))
        yield from (_batch(regions, numbers[start : start + size]) for start in range(0, len(numbers), size))


def _batch(regions: Mapping[int, Heard], numbers: Sequence[int]) -> Batch:
    return Batch(tuple(regions[number] for number in numbers), tuple(numbers))
