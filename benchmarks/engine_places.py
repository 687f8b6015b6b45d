"""First audio of one engine inline, in a child process, and as a worker of its own environment: what each adds."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import replace
from functools import cached_property
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from adapters.execution.instance import EngineInstance
from benchmarks.result import Row, milliseconds, quantile
from engines.environments.environment import PYTHON, Environment, mark
from engines.environments.requirements import requirements_of
from engines.registry import GROUP, Registry
from engines.tts.espeak import EspeakEngine
from stts.engine_api import EngineInfo, Place, Samples, SpeechParams, TTSEngine
from stts.settings import EngineSettings, InstanceSettings, Settings

ROUNDS = 300
REACH_SECONDS = 0.002
SENTENCE = "The train to the sea leaves at nine."
PLACES: tuple[Place, ...] = ("inline", "process", "worker")


class EspeakAnywhere(EspeakEngine):
    """eSpeak NG with an environment of its own, where it is asked for."""

    @cached_property
    def info(self) -> EngineInfo:
        return replace(super().info, name="anywhere", requirements=("espeakng-loader>=0.2,<1",))


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="stts-places-") as folder:
        settings = _settings(folder)
        registry = Registry([EntryPoint("anywhere", f"{__name__}:EspeakAnywhere", GROUP)])
        with _environment(Path(folder)):
            times = asyncio.run(_first_audio(registry, settings))
    own = quantile(times["inline"], 0.5)
    rows = []
    for place in PLACES[1:]:
        added, late = quantile(times[place], 0.5) - own, quantile(times[place], 0.95) - quantile(times["inline"], 0.95)
        figures = {"added_p50_s": added, "added_p95_s": late}
        what = f"first audio of a sentence, eSpeak NG, {place} over inline: p50"
        told = f"{milliseconds(added)} (p95 {milliseconds(late)})"
        rows.append(Row(what, f"< {milliseconds(REACH_SECONDS)}", told, added < REACH_SECONDS, figures))
    return [*rows, Row("  the same inline: p50", "", milliseconds(own), figures={"inline_s": own})]


def _settings(folder: str) -> Settings:
    instances = {place: InstanceSettings(engine="anywhere", runs_in=place, copies=1) for place in PLACES}
    return Settings(engines=EngineSettings(instances=instances, environments=folder))


@contextmanager
def _environment(folder: Path) -> Iterator[None]:
    """An environment of its own that finds packages by a path to this one's: nothing is fetched for a benchmark."""
    requirements = requirements_of(EspeakAnywhere().info, "anywhere")
    assert requirements is not None
    made = Environment(requirements, [folder], sys.executable).folder(folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
    program = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    site = subprocess.run([made / PYTHON, "-c", program], check=True, capture_output=True, text=True).stdout.strip()
    Path(site, "here.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    mark(made, [])
    yield


async def _first_audio(registry: Registry, settings: Settings) -> Mapping[str, list[float]]:
    """Seconds from asking for a slot to the first samples, each place in turn."""
    instances: dict[str, EngineInstance[Any]] = {
        place: EngineInstance(place, registry, lambda: settings) for place in PLACES
    }
    times: dict[str, list[float]] = {place: [] for place in PLACES}
    try:
        for number in range(ROUNDS + 10):
            for place, instance in instances.items():
                seconds = await _once(instance)
                if number >= 10:
                    times[place].append(seconds)
    finally:
        for instance in instances.values():
            await instance.close()
    return times


async def _once(instance: EngineInstance[Any]) -> float:
    started = time.perf_counter()
    async with instance.slot(0.0) as slot, aclosing(slot.run(_speak)) as blocks:
        await anext(blocks)
        return time.perf_counter() - started


def _speak(engine: TTSEngine) -> Iterator[Samples]:
    voice = engine.find_voice("en-us")
    assert voice is not None
    return engine.synthesize(SENTENCE, voice, SpeechParams())
