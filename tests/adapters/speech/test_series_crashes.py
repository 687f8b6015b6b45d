"""The death of a child costs no piece of a series that it had said nothing of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from adapters.speech import series
from engines.registry import GROUP, Registry
from stts.context import Priority, RequestContext
from stts.errors import EngineCrashed
from stts.plans import SpeechRequest
from stts.settings import Settings
from stts.speech import SynthesisConfig
from tests.fakes import NO_FALL_BACK
from tests.patience import PATIENCE
from tests.wired import Engines

pytestmark = pytest.mark.socket


async def said(engines: Engines, text: str) -> float:
    context = RequestContext("tts", priority=Priority.BATCH)
    async with aclosing(engines.speak(context, SpeechRequest(text, SynthesisConfig(engine="mortal")))) as chunks:
        return sum([chunk.seconds async for chunk in chunks])


@pytest.fixture
async def engines(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Engines]:
    monkeypatch.setattr(series, "HELD_SECONDS", PATIENCE)
    settings = Settings(routing=NO_FALL_BACK)
    made = Engines(
        Registry([EntryPoint("mortal", "tests.adapters.speech.mortal_engine:MortalEngine", GROUP)]), lambda: settings
    )
    try:
        await made.load("mortal")
        yield made
    finally:
        await made.close()


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[series.SeriesPiece]:
    """The pieces that have joined so far: texts need not be made ready in the order in which they came."""
    pieces: list[series.SeriesPiece] = []
    make = series.SeriesMaker.make

    async def noted(self: series.SeriesMaker, piece: series.SeriesPiece) -> None:
        pieces.append(piece)
        await make(self, piece)

    monkeypatch.setattr(series.SeriesMaker, "make", noted)
    return pieces


async def began(engines: Engines, joined: list[series.SeriesPiece], *texts: str) -> list[asyncio.Task[float]]:
    """Each joins before the next one does."""
    tasks = []
    for number, text in enumerate(texts, len(joined) + 1):
        tasks.append(asyncio.create_task(said(engines, text)))
        async with asyncio.timeout(PATIENCE):
            while len(joined) < number:  # noqa: ASYNC110 - it only remembers
                await asyncio.sleep(0)
    return tasks


async def test_a_piece_whose_child_dies_is_made_on_another(
    engines: Engines, joined: list[series.SeriesPiece], tmp_path: Path
) -> None:
    texts = ["One.", f"Die {tmp_path}/second.", "Three."]
    seconds = await asyncio.gather(*await began(engines, joined, *texts))
    assert all(each > 0.2 for each in seconds)
    assert engines.instance("mortal").crashes == 0


async def test_one_that_kills_them_all_costs_no_other(engines: Engines, joined: list[series.SeriesPiece]) -> None:
    tasks = await began(engines, joined, "One.", "Always.", "Three.")
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(each) for each in results] == [float, EngineCrashed, float]
    await said(engines, "Four.")
    assert engines.instance("mortal").crashes == 0


@pytest.mark.parametrize("before", [[], ["One."]], ids=["first", "later"])
async def test_a_death_is_forgotten_with_the_next_piece_that_goes_well(
    engines: Engines, joined: list[series.SeriesPiece], tmp_path: Path, before: list[str]
) -> None:
    texts = [*before, f"Die {tmp_path}/dead.", f"Wait {tmp_path}/gate."]
    *others, held = await began(engines, joined, *texts)
    await asyncio.gather(*others)
    assert engines.instance("mortal").crashes == 0 and not held.done()
    (tmp_path / "gate").touch()
    assert await held > 0.2


async def test_another_death_after_it_is_counted_anew(
    engines: Engines, joined: list[series.SeriesPiece], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    first, held, last = await began(engines, joined, f"Die {tmp_path}/one.", f"Wait {gate}.", "Always.")
    await first
    gate.touch()
    await held
    with pytest.raises(EngineCrashed):
        await last
    assert engines.instance("mortal").crashes == 1
