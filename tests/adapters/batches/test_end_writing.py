"""Ends of items that a database refuses: the others are written, and what is refused alone has failed."""

from __future__ import annotations

import pytest

from adapters.batches.end_writing import NOT_WRITTEN, write_ends
from stts.errors import DatabaseAway
from stts.jobs.store import LeaseLost
from stts.jobs.values import BatchItem, ItemEnd, ItemResult

RESULT = ItemResult(".wav", "audio/wav", 1000, 1.5)
ENDS = [ItemEnd(BatchItem(number=number, digest="", size=1, request=None), RESULT) for number in range(3)]


class Picky:
    """Takes what it is given, but for the results of some items."""

    def __init__(self, refused: set[int], error: Exception) -> None:
        self.refused = refused
        self.error = error
        self.written: dict[int, ItemEnd] = {}

    async def __call__(self, ends: list[ItemEnd]) -> None:
        if any(end.item.number in self.refused and end.result is not None for end in ends):
            raise self.error
        self.written |= {end.item.number: end for end in ends}


async def test_all_are_written_together() -> None:
    write = Picky(set(), ValueError())
    await write_ends(write, "job-1", ENDS)
    assert list(write.written.values()) == ENDS


async def test_one_that_is_refused_has_failed_and_the_others_are_done() -> None:
    write = Picky({1}, ValueError("NUL"))
    await write_ends(write, "job-1", ENDS)
    assert write.written == {0: ENDS[0], 1: ItemEnd(ENDS[1].item, error=NOT_WRITTEN), 2: ENDS[2]}


@pytest.mark.parametrize("error", [DatabaseAway("away"), LeaseLost()])
async def test_a_database_that_is_away_refuses_nothing(error: Exception) -> None:
    write = Picky({1}, error)
    with pytest.raises(type(error)):
        await write_ends(write, "job-1", ENDS)
    assert write.written == {}
