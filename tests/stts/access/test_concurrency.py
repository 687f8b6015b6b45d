"""Places of what goes on at once, in this process and in all servers together."""

from __future__ import annotations

import pytest

from stts.access.concurrency import Concurrency
from stts.access.limits import Subject
from stts.access.place_ahead import Places
from stts.errors import LimitsAway, TooManyRequests

ANNA = Subject("key:anna", {"concurrent": 1})
BEN = Subject("user:ben", {"concurrent": 2})


class Elsewhere:
    """SharedPlaces of which another server has all."""

    def __init__(self, answer: int | Exception | None) -> None:
        self.answer = answer
        self.held: set[str] = set()

    async def take(self, holder: str, kind: str, places: Places) -> int | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        if self.answer is None:
            self.held.add(holder)
        return self.answer

    def give_back(self, holder: str) -> None:
        self.held.remove(holder)


async def test_what_one_subject_refuses_takes_no_place_of_another() -> None:
    concurrency = Concurrency("concurrent")
    give_back = await concurrency.take([ANNA, BEN])
    for _ in range(3):
        with pytest.raises(TooManyRequests, match="This key may have 1 operations at once"):
            await concurrency.take([BEN, ANNA])
    also = await concurrency.take([BEN])
    with pytest.raises(TooManyRequests, match="This user"):
        await concurrency.take([BEN])
    give_back()
    also()
    async with concurrency.taken([ANNA, BEN]), concurrency.taken([BEN]):
        pass


@pytest.mark.parametrize("answer", [0, LimitsAway("Redis does not answer.")])
async def test_who_is_refused_elsewhere_has_no_place_here(answer: int | Exception) -> None:
    elsewhere = Elsewhere(answer)
    concurrency = Concurrency("concurrent", elsewhere)
    for _ in range(2):
        with pytest.raises((TooManyRequests, LimitsAway)):
            await concurrency.take([ANNA])
    elsewhere.answer = None
    give_back = await concurrency.take([ANNA])
    assert len(elsewhere.held) == 1
    give_back()
    assert not elsewhere.held
