"""PocketSphinx as an engine: its options, its ends, and the shortest audio. Its words: `test_pocketsphinx_words.py`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.registry import Registry
from engines.stt.pocketsphinx import PocketSphinxEngine, PocketSphinxOptions
from stts.engine_api import ListenParams
from stts.errors import EngineError, EngineLoadFailed, InvalidConfiguration
from tests.engines.contract import no_progress
from tests.engines.pocketsphinx import listen, loaded
from tests.engines.speech import DATA, read

pytestmark = pytest.mark.socket


@pytest.fixture(scope="module")
def engine() -> Iterator[PocketSphinxEngine]:
    with loaded() as engine:
        yield engine


def test_words_come_only_when_asked_for(engine: PocketSphinxEngine) -> None:
    (segment,) = engine.transcribe(read(DATA / "kitchen.flac"), ListenParams())
    assert segment.words == () and segment.language == "en-US"


@pytest.mark.parametrize("count", [0, 1, 400, 1599, 1600, 1700])
def test_the_shortest_audio_does_no_harm(engine: PocketSphinxEngine, count: int) -> None:
    assert listen(engine, np.full(count, 0.5, np.float32)) == []
    assert listen(engine, np.full(count, 5.0, np.float32)) == [], "beyond full scale"


def test_says_nothing_itself(capfd: pytest.CaptureFixture[str]) -> None:
    engine = PocketSphinxEngine()
    engine.load(no_progress)
    assert listen(engine, read(DATA / "numbers.opus", seconds=1.0))
    assert capfd.readouterr() == ("", "")


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    engine = PocketSphinxEngine(PocketSphinxOptions(acoustic_model=tmp_path / "none"))
    assert not engine.weights_present()
    with pytest.raises(EngineLoadFailed, match=r"engines\.options\.pocketsphinx"):
        engine.load(no_progress)


def test_a_model_that_is_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    engine = PocketSphinxEngine(PocketSphinxOptions(acoustic_model=tmp_path))
    with pytest.raises(EngineLoadFailed, match="could not read"):
        engine.load(no_progress)


def test_options_are_checked() -> None:
    for wrong in ({"decoders": 0}, {"hmm": "x"}):
        with pytest.raises(InvalidConfiguration, match=r"engines\.options\.pocketsphinx"):
            Registry().create("pocketsphinx", wrong)


def test_must_be_loaded() -> None:
    with pytest.raises(EngineError, match="not loaded"):
        next(PocketSphinxEngine().transcribe(np.ones(16_000, np.float32), ListenParams()))


@pytest.fixture(scope="module")
def live() -> Iterator[PocketSphinxEngine]:
    with loaded() as engine:
        yield engine


@pytest.mark.parametrize("count", [0, 1, 400, 1599, 1600, 1700])
def test_the_shortest_live_audio_does_no_harm(live: PocketSphinxEngine, count: int) -> None:
    live.begin(ListenParams())
    assert live.hear(np.full(count, 5.0, np.float32)) == ""
    assert list(live.end()) == []


def test_live_decoders_are_counted() -> None:
    engine = Registry().create("pocketsphinx", {"live_decoders": 7})
    assert (engine.info.limits.live_sessions, engine.info.abilities.live) == (7, True)
    with pytest.raises(InvalidConfiguration):
        Registry().create("pocketsphinx", {"live_decoders": 0})


def test_must_be_loaded_to_listen() -> None:
    engine = PocketSphinxEngine()
    with pytest.raises(EngineError, match="not loaded"):
        engine.begin(ListenParams())
    with pytest.raises(EngineError, match="not loaded"):
        engine.hear(np.ones(16_000, np.float32))
