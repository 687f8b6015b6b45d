from __future__ import annotations

import threading
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import ClassVar

import pytest

from adapters.execution.instance import EngineInstance
from adapters.weights import REMEMBERED_SECONDS, WeightsLookup
from engines.registry import GROUP, Registry
from stts.engine_api import EngineInfo, Progress, Samples, SpeechParams, TTSEngine, Voice
from stts.settings import Settings


class Fetched(TTSEngine):
    here: ClassVar[bool] = True
    asked: ClassVar[list[threading.Thread]] = []

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="fetched", kind="tts", description="")

    def weights_present(self) -> bool:
        self.asked.append(threading.current_thread())
        return self.here

    def load(self, progress: Progress) -> None: ...

    def synthesize(self, text: str, voice: Voice, params: SpeechParams) -> Iterator[Samples]:
        return iter(())


@pytest.fixture(autouse=True)
def nothing_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fetched, "here", True)
    Fetched.asked.clear()


@pytest.fixture
def instances() -> list[EngineInstance[TTSEngine]]:
    names = ("first", "second")
    registry = Registry([EntryPoint(name, f"{__name__}:Fetched", GROUP) for name in names])
    return [EngineInstance(name, registry, Settings) for name in names]


async def test_all_are_looked_up_in_one_thread_and_remembered(instances: list[EngineInstance[TTSEngine]]) -> None:
    weights = WeightsLookup(lambda: 0.0)
    for _ in range(3):
        assert await weights.present(instances) == {"first", "second"}
    assert len(Fetched.asked) == 2 and len(set(Fetched.asked)) == 1
    assert Fetched.asked[0] is not threading.current_thread()


async def test_weights_that_come_are_seen_after_a_moment(
    instances: list[EngineInstance[TTSEngine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    weights = WeightsLookup(lambda: now[0])
    monkeypatch.setattr(Fetched, "here", False)
    assert await weights.present(instances) == set()
    monkeypatch.setattr(Fetched, "here", True)
    assert await weights.present(instances) == set()
    now[0] = REMEMBERED_SECONDS
    assert await weights.present(instances) == {"first", "second"}


async def test_what_is_forgotten_is_looked_up_again(
    instances: list[EngineInstance[TTSEngine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = WeightsLookup(lambda: 0.0)
    await weights.present(instances)
    monkeypatch.setattr(Fetched, "here", False)
    weights.forget("first")
    assert await weights.present(instances) == {"second"}


async def test_a_loaded_engine_is_not_looked_for(instances: list[EngineInstance[TTSEngine]]) -> None:
    first, _ = instances
    await first.load()
    assert await WeightsLookup().present([first]) == {"first"}
    assert not Fetched.asked
    await first.close()


async def test_what_is_forgotten_while_the_disk_is_asked_is_answered_as_it_was_known(
    instances: list[EngineInstance[TTSEngine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = WeightsLookup(lambda: 0.0)
    assert await weights.present(instances[1:]) == {"second"}

    def unloaded_meanwhile(engine: Fetched) -> bool:
        weights.forget("second")
        return True

    monkeypatch.setattr(Fetched, "weights_present", unloaded_meanwhile)
    assert await weights.present(instances) == {"first", "second"}


async def test_what_is_known_is_told_without_the_disk(instances: list[EngineInstance[TTSEngine]]) -> None:
    times = [0.0]
    lookup, (first, _) = WeightsLookup(lambda: times[0]), instances
    assert lookup.known(first.name) is None
    await lookup.present([first])
    assert lookup.known(first.name) is True
    times[0] = REMEMBERED_SECONDS
    assert lookup.known(first.name) is None and len(Fetched.asked) == 1
