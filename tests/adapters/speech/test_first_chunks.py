"""The first request after a load is cut as later ones are, where an engine says how fast it is."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest

from engines.registry import GROUP, Registry
from stts.context import RequestContext
from stts.engine_api import EngineInfo
from stts.plans import SpeechRequest
from stts.settings import Settings
from stts.speech import SynthesisConfig
from tests.fakes import ToneEngine
from tests.patience import PATIENCE
from tests.wired import Engines

SENTENCE = "The ferry leaves the harbour at nine."


class SwiftEngine(ToneEngine):
    """A tone that says how fast it is."""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="swift", real_time_factor=0.001)


async def chunks_of(engines: Engines, engine: str) -> list[str]:
    request = SpeechRequest(SENTENCE, SynthesisConfig(engine=engine))
    async with aclosing(engines.speak(RequestContext("tts"), request)) as chunks:
        return [chunk.text async for chunk in chunks if chunk.text]


@pytest.mark.parametrize("name", [pytest.param("espeak", marks=pytest.mark.socket), "swift"])
async def test_the_first_request_after_a_load_is_cut_as_later_ones_are(name: str) -> None:
    settings = Settings()
    engines = Engines(Registry([EntryPoint("swift", f"{__name__}:SwiftEngine", GROUP)]), lambda: settings)
    try:
        first = await chunks_of(engines, name)
        assert first == [SENTENCE]
        async with asyncio.timeout(PATIENCE):
            later = [await chunks_of(engines, name) for _ in range(9)]
            # A busy machine may slow the engine for a while; calls at its usual speed are cut alike.
            while later[-1] != first:
                later.append(await chunks_of(engines, name))
    finally:
        await engines.close()
