"""Engines that do not hear: one fails at every recording, one understands nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

from engines.registry import GROUP, Registry
from stts.engine_api import Abilities, EngineInfo, EngineLimits, ListenParams, Progress, Samples, Segment, STTEngine


class MuteEngine(STTEngine):
    @property
    def info(self) -> EngineInfo:
        return EngineInfo("mute", "stt", "Understands nothing", ("en",), abilities=Abilities(), limits=EngineLimits())

    def load(self, progress: Progress) -> None:
        progress("nothing", 1.0)

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        return iter(())


class DeafEngine(MuteEngine):
    @property
    def info(self) -> EngineInfo:
        return EngineInfo("deaf", "stt", "Fails", ("en",), abilities=Abilities(), limits=EngineLimits())

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        raise RuntimeError("no ears")


def deaf_registry() -> Registry:
    targets = {
        "deaf": "tests.routers.websocket.deaf:DeafEngine",
        "mute": "tests.routers.websocket.deaf:MuteEngine",
        "tone": "tests.fakes:ToneEngine",
    }
    return Registry([EntryPoint(name, target, GROUP) for name, target in targets.items()])
