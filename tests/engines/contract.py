"""The contract of every engine, whoever wrote it. A test calls these with an engine and what that engine needs."""

from __future__ import annotations

import pickle
import re
import sys
from collections.abc import Sequence
from itertools import islice

import numpy as np
import pytest
from pydantic import ValidationError

from stts.engine_api import (
    STT_SAMPLE_RATE,
    Engine,
    ListenParams,
    Samples,
    Segment,
    SpeechParams,
    STTEngine,
    TTSEngine,
    VADEngine,
    Voice,
)
from tests import patient

BCP47 = re.compile(
    r"[a-zA-Z]{2,8}(-[a-zA-Z]{3})?(-[a-zA-Z]{4})?(-([a-zA-Z]{2}|\d{3}))?"
    r"(-([a-zA-Z0-9]{5,8}|\d[a-zA-Z0-9]{3}))*(-x(-[a-zA-Z0-9]{1,8})+)?"
)

ASK = """
import sys
from engines.registry import Registry

heavy = {"torch", "transformers", "onnxruntime"}
for name in sys.argv[1:]:
    engine = Registry().create(name)
    engine.info, engine.installed(), engine.weights_present()
    loaded = {name.partition(".")[0] for name in sys.modules}
    if found := loaded & {*engine.info.packages, *heavy}:
        print(name, *sorted(found))
"""


def no_progress(_message: str, _part: float | None) -> None:
    """For `load()`, where nobody watches."""


def check_describes_itself_without_its_library(*names: str) -> None:
    """Several engines share one process, in which none loads the library of a later one either."""
    asked = patient.run([sys.executable, "-c", ASK, *names], capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == ""


def check_description(engine: Engine) -> None:
    info = engine.info
    assert re.fullmatch(r"[a-z][a-z0-9_]*", info.name)
    assert info.description and info.install and info.packages and info.licence
    assert info.sample_rate > 0
    assert 1 <= info.limits.min_characters <= info.limits.max_characters
    assert info.limits.concurrency >= 1 and info.limits.max_seconds > 0
    for tag in (*info.languages, *(tag for voice in info.voices for tag in voice.languages)):
        assert BCP47.fullmatch(tag), tag
    _check_voices(info.voices, info.default_voice)
    if info.abilities.speed:
        low, high = info.abilities.speed
        assert 0 < low <= 1 <= high
    assert pickle.loads(pickle.dumps(info)) == info


def _check_voices(voices: tuple[Voice, ...], default: str | None) -> None:
    ids = [voice.id for voice in voices]
    assert len(set(ids)) == len(ids)
    assert default is None or default in ids
    assert all(voice.id and voice.name for voice in voices)


def check_parameters(engine: Engine) -> None:
    """Own options and parameters have a schema, complete defaults, and accept nothing else."""
    for model in (engine.Options, engine.Parameters):
        schema = model.model_json_schema()
        assert schema["type"] == "object" and schema["additionalProperties"] is False
        assert pickle.loads(pickle.dumps(model())) == model()
        with pytest.raises(ValidationError):
            model.model_validate({"no such parameter": 1})


def check_reload(engine: Engine) -> None:
    """Leaves the engine loaded."""
    engine.load(no_progress)
    engine.unload()
    engine.unload()
    engine.load(no_progress)


def check_tts(engine: TTSEngine, voice: Voice, text: str, params: SpeechParams | None = None) -> Samples:
    """Speaks the text, leaves in the middle, speaks again. Returns what was spoken."""
    assert voice.reference is not None or engine.find_voice(voice.id) == voice
    voice, params = pickle.loads(pickle.dumps((voice, params or SpeechParams(extra=engine.Parameters()))))
    spoken = _speech(engine, voice, text, params)
    for blocks_taken in (0, 1, 2):
        leaving = engine.synthesize(text, voice, params)
        for block in islice(leaving, blocks_taken):
            _check_samples(block)
        leaving.close()  # type: ignore[attr-defined]
        assert next(leaving, None) is None
    again = _speech(engine, voice, text, params)
    if params.seed is not None and engine.info.abilities.seed:
        assert np.array_equal(spoken, again)
    return spoken


def _speech(engine: TTSEngine, voice: Voice, text: str, params: SpeechParams) -> Samples:
    blocks = list(engine.synthesize(text, voice, params))
    for block in blocks:
        _check_samples(block)
    spoken = np.concatenate(blocks)
    assert len(spoken) > engine.info.sample_rate * 0.1
    assert float(np.sqrt(np.mean(spoken**2))) > 0.001, "speech has energy"
    return spoken


def _check_samples(block: Samples) -> None:
    assert block.dtype == np.float32 and block.ndim == 1
    assert np.isfinite(block).all()
    assert np.abs(block).max(initial=0.0) <= 1.05


def check_stt(engine: STTEngine, samples: Samples, params: ListenParams | None = None) -> str:
    """Transcribes speech, and silence around it. Returns the text."""
    params = pickle.loads(pickle.dumps(params or ListenParams(word_timestamps=True, extra=engine.Parameters())))
    segments = list(engine.transcribe(samples, params))
    check_segments(engine, segments, len(samples) / STT_SAMPLE_RATE)
    text = " ".join(segment.text.strip() for segment in segments)
    check_silence(engine, params)
    assert " ".join(each.text.strip() for each in engine.transcribe(samples, params)) == text
    return text


def check_segments(engine: STTEngine, segments: list[Segment], seconds: float) -> None:
    tolerance = 0.5
    for segment in segments:
        assert segment.text.strip()
        assert 0 <= segment.start <= segment.end <= seconds + tolerance
        assert segment.language is None or BCP47.fullmatch(segment.language)
        for word in segment.words:
            assert segment.start - tolerance <= word.start <= word.end <= segment.end + tolerance
            assert word.probability is None or 0 <= word.probability <= 1
    starts = [segment.start for segment in segments]
    assert starts == sorted(starts)
    assert pickle.loads(pickle.dumps(segments)) == segments


def check_silence(engine: STTEngine, params: ListenParams) -> None:
    for samples in (np.zeros(0, np.float32), np.zeros(STT_SAMPLE_RATE * 2, np.float32)):
        assert list(engine.transcribe(samples, params)) == []


def check_vad(engine: VADEngine, speech: Samples) -> None:
    """`speech` holds at least a second of it. Many streams in one batch are judged like each alone."""
    size = engine.frame_samples
    frames = speech[: len(speech) // size * size].reshape(-1, size)
    streams = [frames, np.zeros_like(frames), frames[::-1].copy()]
    alone = [_probabilities(engine, stream[:, None])[:, 0] for stream in streams]
    together = _probabilities(engine, np.stack(streams, axis=1))
    np.testing.assert_allclose(together, np.stack(alone, axis=1), atol=1e-4)
    assert np.max(alone[0]) > 0.8 and (alone[0] > 0.5).sum() * size > STT_SAMPLE_RATE * 0.5
    assert np.max(alone[1]) < 0.3
    check_frames_at_once(engine, streams, alone)


def check_frames_at_once(engine: VADEngine, streams: Sequence[Samples], alone: Sequence[Samples]) -> None:
    """Several frames of each in one call, as many as it has in parts of uneven length, are judged like one by one."""
    states, begins = np.stack([engine.new_state() for _ in streams]), [0] * len(streams)
    heard: list[list[Samples]] = [[] for _ in streams]
    for counts in ((1, 3, 2), (4, 1, 1), (2, 2, 5)):
        parts = [stream[begin : begin + count] for stream, begin, count in zip(streams, begins, counts, strict=True)]
        before = states.copy()
        speech, after = engine.judge(np.concatenate(parts), np.array(counts), states)
        assert np.array_equal(before, states) and speech.dtype == after.dtype == np.float32
        states, ends = after, np.cumsum(counts)
        for number, (end, count) in enumerate(zip(ends.tolist(), counts, strict=True)):
            heard[number].append(speech[end - count : end])
            begins[number] += count
    for together, expected, count in zip(heard, alone, begins, strict=True):
        np.testing.assert_allclose(np.concatenate(together), expected[:count], atol=1e-4)


def _probabilities(engine: VADEngine, batches: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Samples:
    """`batches` has shape (frames, streams, frame_samples); returns (frames, streams)."""
    states = np.stack([engine.new_state() for _ in range(batches.shape[1])])
    heard = []
    for batch in batches:
        before = states.copy()
        probabilities, after = engine.probabilities(batch, states)
        assert probabilities.shape == (batches.shape[1],) and after.shape == states.shape
        assert np.array_equal(before, states), "state is a value"
        assert probabilities.dtype == after.dtype == np.float32
        heard.append(probabilities)
        states = pickle.loads(pickle.dumps(after))
    return np.stack(heard)
