"""sherpa-onnx in child processes, as the server runs it: live, and with a model that ends the library."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from adapters.execution.backends.process import ProcessBackend
from adapters.execution.backends.wire import WorkerSpec
from adapters.execution.client import client_of
from engines.registry import Registry
from stts.engine_api import ListenParams, STTEngine
from stts.errors import EngineCrashed
from stts.transcription import TranscriptPartial, TranscriptSegment
from tests.adapters.transcription.engines_under_test import Heard, engines, open_session
from tests.engines import contract, sherpa_models
from tests.engines.sherpa_models import HIGH, LOW, tones
from tests.wired import Engines

pytestmark = [pytest.mark.engines("onnx", "sherpa_onnx", "onnx"), pytest.mark.socket]

HEARD = "low high low"
SAID = tones(LOW, HIGH, LOW)


def test_a_model_that_ends_the_library_costs_its_child_alone(tmp_path: Path) -> None:
    broken = sherpa_models.streaming_transducer(tmp_path / "broken", num_encoder_layers=True)
    with pytest.raises(EngineCrashed):
        in_a_child(broken).load(contract.no_progress)
    engine = in_a_child(sherpa_models.streaming_transducer(tmp_path / "whole"))
    engine.load(contract.no_progress)
    try:
        assert contract.check_stt(engine, SAID) == HEARD
        engine.begin(ListenParams())
        assert engine.hear(SAID) == "low high low"
        assert [segment.text for segment in engine.end()] == [HEARD]
    finally:
        engine.unload()


async def test_a_live_stream_of_the_server_hears_through_a_child(tmp_path: Path) -> None:
    folder = sherpa_models.streaming_transducer(tmp_path)
    async with engines(engine="sherpa_onnx", model=str(folder)) as made:
        session = await open_session(made, "sherpa_onnx", word_timestamps=True)
        for _ in range(2):
            heard = Heard(made, session)
            for start in range(0, len(SAID), 1600):
                heard.audio.write(SAID[start : start + 1600])
            heard.audio.checkpoint()
            assert await heard.end() == HEARD
            assert heard.settled == [HEARD]
            assert sum(isinstance(event, TranscriptPartial) for event in heard.events) >= 3
            (segment,) = (event.segment for event in heard.events if isinstance(event, TranscriptSegment))
            assert [word.text for word in segment.words] == HEARD.split()
            assert (round(segment.start, 1), segment.language) == (0.3, "en")
        await session.aclose()


async def test_the_next_session_listens_as_the_model_does_that_is_there_by_then(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    async with engines(engine="sherpa_onnx", model=str(folder)) as made:
        folder.mkdir()
        sherpa_models.transducer(folder)
        assert await partials_of(made) > 0
        assert not made.catalogue.instance("sherpa_onnx").info.abilities.live
        shutil.rmtree(folder)
        sherpa_models.streaming_transducer(folder)
        await made.catalogue.weights_changed("sherpa_onnx")
        assert await partials_of(made) > 0
        assert made.catalogue.instance("sherpa_onnx").info.abilities.live


async def partials_of(made: Engines) -> int:
    """Partial transcripts of a live utterance in a session of its own."""
    session = await open_session(made, "sherpa_onnx")
    heard = Heard(made, session)
    for start in range(0, len(SAID), 1600):
        heard.audio.write(SAID[start : start + 1600])
    heard.audio.checkpoint()
    assert await heard.end() == HEARD
    await session.aclose()
    return sum(isinstance(event, TranscriptPartial) for event in heard.events)


def in_a_child(folder: Path) -> STTEngine:
    options = {"model": str(folder)}
    spec = WorkerSpec(Path(sys.executable), Registry().target("sherpa_onnx"), options)
    engine = client_of(Registry().create("sherpa_onnx", options), ProcessBackend("sherpa_onnx", lambda: spec))
    assert isinstance(engine, STTEngine)
    return engine
