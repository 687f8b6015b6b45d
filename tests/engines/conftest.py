"""Small checkpoints, made once a run, and the engines loaded from them."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from engines.registry import Registry
from tests.engines import checkpoints, contract

REQUIRED = os.environ.get("STTS_REQUIRE_ENGINES", "")
"""The environment whose engines are installed on purpose (`torch`, `onnx`): only its tests run, and one of them that is
skipped has failed."""
HEAVY_SECONDS = 300


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    others = [item for item in items if REQUIRED and (needs := needed(item)) and needs[0] != REQUIRED]
    for item in items:
        if needs := needed(item):
            item.add_marker(pytest.mark.timeout(HEAVY_SECONDS))
            # Their libraries warn about each other; our own warnings are errors in every other test.
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            if missing := [package for package in needs[1:] if importlib.util.find_spec(package) is None]:
                item.add_marker(pytest.mark.skip(f"{', '.join(missing)} not installed"))
    if others:
        items[:] = [item for item in items if item not in others]
        config.hook.pytest_deselected(items=others)


def needed(item: pytest.Item) -> tuple[str, ...]:
    """The environment of a heavy test, then the packages that it needs; nothing for any other test."""
    marker = item.get_closest_marker("engines")
    return () if marker is None else marker.args or ("torch", "torch")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if REQUIRED and report.skipped and item.get_closest_marker("engines"):
        report.outcome = "failed"
        report.longrepr = f"skipped where engines are required: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def small_networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        checkpoints.shrink(patch)
        yield


@pytest.fixture(scope="session")
def checkpoint(small_networks: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Engine name -> folder (Whisper: file) with a checkpoint of it."""
    makers: dict[str, Callable[[Path], Path]] = {
        "chatterbox": checkpoints.chatterbox,
        "chatterbox_multilingual": checkpoints.multilingual,
        "chatterbox_turbo": checkpoints.turbo,
        "whisper": lambda folder: checkpoints.whisper(folder / "small.pt"),
    }
    made: dict[str, Path] = {}

    def get(name: str) -> Path:
        if name not in made:
            made[name] = makers[name](tmp_path_factory.mktemp(name))
        return made[name]

    return get


@pytest.fixture(scope="session")
def loaded(checkpoint: Callable[[str], Path]) -> Iterator[Callable[[str], Any]]:
    """Engine name -> the engine, loaded from its checkpoint on the CPU."""
    engines: dict[str, Any] = {}

    def get(name: str) -> Any:
        if name not in engines:
            setting = "model" if name == "whisper" else "path"
            engines[name] = Registry().create(name, {setting: str(checkpoint(name)), "device": "cpu", "threads": 1})
            engines[name].load(contract.no_progress)
        return engines[name]

    yield get
    for engine in engines.values():
        engine.unload()


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two voices, and recordings that are no good."""
    folder = tmp_path_factory.mktemp("recordings")
    noise = folder / "noise.wav"
    noise.write_bytes(bytes(range(256)) * 40)
    return {
        "low": checkpoints.recording(folder / "low.wav", 6.0, pitch=110),
        "high": checkpoints.recording(folder / "high.wav", 7.0, pitch=230),
        "short": checkpoints.recording(folder / "short.wav", 2.5),
        "silent": checkpoints.recording(folder / "silent.wav", 8.0, level=0.0),
        "noise": noise,
        "missing": folder / "missing.wav",
    }
