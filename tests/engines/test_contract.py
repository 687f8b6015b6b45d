"""The engines that come inside their packages keep the contract."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.execution.backends.process import ProcessBackend
from adapters.execution.backends.wire import WorkerSpec
from adapters.execution.client import client_of
from engines.registry import BUILTIN, Registry
from stts.engine_api import Engine, STTEngine, TTSEngine, VADEngine
from tests.engines import contract, speech

EMBEDDED = ("espeak", "faster_whisper", "hibari", "pocketsphinx", "silero")


ELSEWHERE = tuple((name, place) for name in ("espeak", "faster_whisper", "silero") for place in ("process", "worker"))
"""Engines of each kind that are tried in children, too: of this environment, and of one of their own."""


@pytest.fixture(
    scope="module",
    params=[
        *((name, "inline") for name in EMBEDDED),
        *(pytest.param(each, marks=pytest.mark.socket) for each in ELSEWHERE),
    ],
    ids="-".join,
)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    name, place = request.param
    engine = Registry().create(name)
    if place != "inline":
        python = Path(sys.executable) if place == "process" else request.getfixturevalue("worker_python")
        models = engine.known_models
        spec = WorkerSpec(python, Registry().target(name), {}, known_models=models, own_environment=place == "worker")
        engine = client_of(engine, ProcessBackend(name, lambda: spec))
    engine.load(contract.no_progress)
    yield engine
    engine.unload()


@pytest.mark.socket
def test_each_describes_itself_without_its_library() -> None:
    contract.check_describes_itself_without_its_library(*BUILTIN)


@pytest.mark.parametrize("name", BUILTIN)
def test_description(name: str) -> None:
    engine = Registry().create(name)
    assert engine.info.name == name
    contract.check_description(engine)


@pytest.mark.parametrize("name", BUILTIN)
def test_parameters(name: str) -> None:
    contract.check_parameters(Registry().create(name))


@pytest.mark.parametrize("name", EMBEDDED)
def test_is_there_offline(name: str) -> None:
    engine = Registry().create(name)
    assert engine.installed() and engine.weights_present()


def test_loads_again_after_unload(engine: Engine) -> None:
    contract.check_reload(engine)


def test_does_its_work(engine: Engine) -> None:
    samples = speech.read(speech.DATA / "kitchen.flac")
    if isinstance(engine, TTSEngine):
        voice = engine.find_voice(engine.info.default_voice or "")
        assert voice is not None
        contract.check_tts(engine, voice, "Every engine says this sentence, and leaves it when it is told to.")
    elif isinstance(engine, STTEngine):
        assert speech.word_error_rate(speech.WORDS["kitchen.flac"], contract.check_stt(engine, samples)) < 0.2
    else:
        assert isinstance(engine, VADEngine)
        contract.check_vad(engine, samples)
