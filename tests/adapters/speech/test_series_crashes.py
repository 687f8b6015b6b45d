"""The death of a child costs no piece of a series that it had said nothing of."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from adapters.speech import series
from engines.registry import GROUP, Registry
from stts.context import Priority, RequestContext
from stts.engine_api import EngineInfo, EngineLimits, Samples, SpeechParams, Voice
from stts.errors import EngineCrashed
from stts.plans import SpeechRequest
from stts.settings import Settings
from stts.speech import SynthesisConfig
from tests.fakes import NO_FALL_BACK, ToneEngine
from tests.patience import PATIENCE
from tests.wired import Engines

pytestmark = pytest.mark.socket


class MortalEngine(ToneEngine):
    """A tone whose process dies of `Die <file>.` where that file is not there yet, and of `Always.`"""

    @property
    def info(self) -> EngineInfo:
        limits = EngineLimits(concurrency=1)
        return replace(super().info, name="mortal", limits=limits, real_time_factor=0.0001, runs_in="process")

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        if text.startswith("Die"):
            mark = Path(text.removeprefix("Die ").rstrip("."))
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        if text.startswith("Always"):
            os.kill(os.getpid(), signal.SIGKILL)
        yield from super().synthesize(text, voice, params)


async def said(engines: Engines, text: str) -> float:
    context = RequestContext("tts", priority=Priority.BATCH)
    async with aclosing(engines.speak(context, SpeechRequest(text, SynthesisConfig(engine="mortal")))) as chunks:
        return sum([chunk.seconds async for chunk in chunks])


async def test_a_piece_whose_child_dies_is_made_on_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series, "HELD_SECONDS", PATIENCE)
    settings = Settings(routing=NO_FALL_BACK)
    engines = Engines(Registry([EntryPoint("mortal", f"{__name__}:MortalEngine", GROUP)]), lambda: settings)
    try:
        await engines.load("mortal")
        texts = ["One.", f"Die {tmp_path}/second.", "Three."]
        seconds = await asyncio.gather(*(said(engines, text) for text in texts))
        assert all(each > 0.2 for each in seconds)
        assert engines.instance("mortal").crashes == 0
        results = await asyncio.gather(
            *(said(engines, text) for text in ("One.", "Always.", "Three.")), return_exceptions=True
        )
        assert [type(each) for each in results] == [float, EngineCrashed, float]
        assert engines.instance("mortal").crashes == 0
    finally:
        await engines.close()
