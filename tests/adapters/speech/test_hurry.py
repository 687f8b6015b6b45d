"""An engine is told whether somebody waits for the first of its audio."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from engines.registry import GROUP, Registry
from stts.context import Priority, RequestContext
from stts.engine_api import EngineInfo, EngineLimits, Samples, SpeechParams, Voice
from stts.plans import SpeechRequest
from stts.settings import Settings
from stts.speech import SynthesisConfig
from tests.fakes import ToneEngine
from tests.wired import Engines

TEXT = "The ferry leaves the harbour at nine. " * 4


class WatchfulEngine(ToneEngine):
    """A tone that notes what it is told."""

    told: ClassVar[list[bool]] = []

    @property
    def info(self) -> EngineInfo:
        limits = EngineLimits(max_characters=40)
        return replace(super().info, name="watchful", limits=limits, real_time_factor=0.0001)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        self.told.append(params.hurried)
        return super().synthesize(text, voice, params)


@pytest.mark.parametrize(
    ("priority", "hurried"), [(Priority.STREAM, True), (Priority.REALTIME, True), (Priority.COLLECTED, False)]
)
async def test_only_a_listener_with_nothing_to_hear_is_in_a_hurry(priority: Priority, hurried: bool) -> None:
    settings = Settings()
    engines = Engines(Registry([EntryPoint("watchful", f"{__name__}:WatchfulEngine", GROUP)]), lambda: settings)
    WatchfulEngine.told.clear()
    request = SpeechRequest(TEXT, SynthesisConfig(engine="watchful"))
    try:
        async with aclosing(engines.speak(RequestContext("tts", priority=priority), request)) as chunks:
            async for _ in chunks:
                pass
    finally:
        await engines.close()
    first, *later = WatchfulEngine.told
    assert first is hurried and later and not any(later)
