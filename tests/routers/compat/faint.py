"""An engine that fails in the middle of a recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint

from engines.registry import GROUP, Registry
from stts.engine_api import EngineInfo, ListenParams, Samples, Segment
from tests.fakes import EchoEngine


class FaintEngine(EchoEngine):
    """Hears the first region, and breaks on what follows."""

    @property
    def info(self) -> EngineInfo:
        return replace(super().info, name="faint")

    def transcribe(self, samples: Samples, params: ListenParams) -> Iterator[Segment]:
        if params.prompt:
            raise RuntimeError("it fainted")
        yield from super().transcribe(samples, params)


def registry() -> Registry:
    """The fakes, and this one."""
    targets = {
        "tone": "tests.fakes:ToneEngine",
        "echo": "tests.fakes:EchoEngine",
        "faint": "tests.routers.compat.faint:FaintEngine",
    }
    return Registry([EntryPoint(name, target, GROUP) for name, target in targets.items()])
