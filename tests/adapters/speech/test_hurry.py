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
from stts.speech import AudioChunk, SynthesisConfig
from tests.fakes import ToneEngine
from tests.wired import Engines

TEXT = "The ferry leaves the harbour at nine. " * 4


class WatchfulEngine(ToneEngine):
    """A tone that notes what it is told."""

    told: ClassVar[list[bool]] = []
    at_once: ClassVar[int] = 0

    @property
    def info(self) -> EngineInfo:
        limits = EngineLimits(max_characters=40, at_once_characters=self.at_once)
        return replace(super().info, name="watchful", limits=limits, real_time_factor=0.0001)

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        self.told.append(params.hurried)
        return super().synthesize(text, voice, params)


async def spoken(text: str, priority: Priority) -> tuple[list[bool], list[AudioChunk]]:
    """Returns what the engine was told, and the answer."""
    settings = Settings()
    engines = Engines(Registry([EntryPoint("watchful", f"{__name__}:WatchfulEngine", GROUP)]), lambda: settings)
    WatchfulEngine.told.clear()
    request = SpeechRequest(text, SynthesisConfig(engine="watchful"))
    try:
        async with aclosing(engines.speak(RequestContext("tts", priority=priority), request)) as chunks:
            return WatchfulEngine.told, [chunk async for chunk in chunks]
    finally:
        await engines.close()


@pytest.mark.parametrize(
    ("priority", "hurried"), [(Priority.STREAM, True), (Priority.REALTIME, True), (Priority.COLLECTED, False)]
)
async def test_only_a_listener_with_nothing_to_hear_is_in_a_hurry(priority: Priority, hurried: bool) -> None:
    (first, *later), _ = await spoken(TEXT, priority)
    assert first is hurried and later and not any(later)


async def test_what_an_engine_speaks_in_no_time_is_one_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    _, parts = await spoken("The ferry leaves.", Priority.STREAM)
    monkeypatch.setattr(WatchfulEngine, "at_once", 20)
    told, chunks = await spoken("The ferry leaves.", Priority.STREAM)
    assert told == [False] and len(chunks) == 1 < len(parts)
    assert chunks[0].text and chunks[0].header and chunks[0].ends_piece
    header, data = chunks[0].header, b"".join(part.data for part in parts)
    assert chunks[0].ends and chunks[0].data == header + data[len(header) :]
    told, _ = await spoken(TEXT, Priority.STREAM)
    assert told[0], "pieces that are longer are hurried as before"
