from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engines.registry import Registry
from engines.tts.chatterbox import ChatterboxFamily, longest_speech
from engines.tts.chatterbox_model import SILENCE_TOKEN, SharedModel, in_single_precision, only_sound
from stts.engine_api import Samples, SpeechParams, Voice
from stts.errors import EngineWeightsMissing, InvalidParameter, UnknownVoice
from tests.engines import checkpoints, contract

pytestmark = pytest.mark.engines

NAMES = ("chatterbox", "chatterbox_multilingual", "chatterbox_turbo")
OURS_ALONE = {"min_p", "norm_loudness", "top_k"}
"""Parameters that not every `generate` is given."""

Loaded = Callable[[str], ChatterboxFamily]
Recordings = dict[str, Path]


@pytest.fixture
def english(loaded: Loaded) -> ChatterboxFamily:
    return loaded("chatterbox")


def own(engine: ChatterboxFamily) -> Voice:
    return engine.info.voices[0]


def cloned(path: Path) -> Voice:
    return Voice(path.stem, reference=str(path))


def say(engine: ChatterboxFamily, voice: Voice, text: str = "Hi.", seed: int | None = 1, **parameters: Any) -> Samples:
    extra = engine.Parameters.model_validate(parameters)
    (audio,) = engine.synthesize(text, voice, SpeechParams(seed=seed, extra=extra))
    return audio


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_generate_with_its_defaults(name: str, loaded: Loaded) -> None:
    engine = loaded(name)
    module, model = engine.upstream
    upstream = inspect.signature(getattr(import_module(module), model).generate).parameters
    fields = engine.Parameters.model_fields
    assert set(fields) - OURS_ALONE <= set(upstream)
    assert {field: upstream[field].default for field in fields if field in upstream} == {
        field: info.default for field, info in fields.items() if field in upstream
    }


def test_languages_are_those_of_multilingual(loaded: Loaded) -> None:
    from chatterbox.mtl_tts import SUPPORTED_LANGUAGES

    assert set(loaded("chatterbox_multilingual").info.languages) == {*SUPPORTED_LANGUAGES, "nb"}


@pytest.mark.parametrize("name", NAMES)
def test_speech_ends_within_what_its_text_can_take(name: str, loaded: Loaded) -> None:
    """Random weights never say that they have finished."""
    audio = say(loaded(name), own(loaded(name)), "Yes.")
    assert len(audio) / 24_000 <= longest_speech("Yes.", "en") + 0.2


def test_seed_repeats_and_none_varies(english: ChatterboxFamily) -> None:
    assert np.array_equal(say(english, own(english), seed=5), say(english, own(english), seed=5))
    assert not np.array_equal(say(english, own(english), seed=None), say(english, own(english), seed=None))


@pytest.mark.parametrize("name", NAMES)
def test_a_call_leaves_nothing_for_the_next(name: str, loaded: Loaded, recordings: Recordings) -> None:
    engine = loaded(name)
    low, high = cloned(recordings["low"]), cloned(recordings["high"])
    first = [say(engine, voice) for voice in (own(engine), low, high)]
    assert not np.array_equal(first[1], first[2])
    say(engine, high, temperature=1.5)
    assert all(np.array_equal(was, say(engine, v)) for was, v in zip(first, (own(engine), low, high), strict=True))


def test_exaggeration_of_one_call_is_not_heard_in_another(
    english: ChatterboxFamily, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chatterbox.models.t3 import T3

    heard: list[float] = []
    prepare = T3.prepare_conditioning

    def noting(network: Any, conditions: Any) -> Any:
        heard.append(round(float(conditions.emotion_adv), 3))
        return prepare(network, conditions)

    monkeypatch.setattr(T3, "prepare_conditioning", noting)
    for voice in (cloned(recordings["low"]), own(english)):
        heard.clear()
        calm = say(english, voice, exaggeration=0.2)
        say(english, voice, exaggeration=1.9)
        assert np.array_equal(calm, say(english, voice, exaggeration=0.2))
        say(english, voice)
        assert heard == [0.2, 1.9, 0.2, 0.5]


def test_guidance_may_be_off(english: ChatterboxFamily) -> None:
    assert len(say(english, own(english), cfg_weight=0))


def test_turbo_takes_the_loudness_of_the_reference_into_account(loaded: Loaded, recordings: Recordings) -> None:
    voice = cloned(recordings["low"])
    turbo = loaded("chatterbox_turbo")
    assert not np.array_equal(say(turbo, voice), say(turbo, voice, norm_loudness=False))


@pytest.fixture
def conditioned(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Conditionings made of recordings, in order."""
    made: list[Any] = []
    condition = SharedModel.condition

    def counting(model: SharedModel, *given: Any, **named: Any) -> Any:
        made.append(condition(model, *given, **named))
        return made[-1]

    monkeypatch.setattr(SharedModel, "condition", counting)
    return made


def test_a_voice_is_made_once_and_few_are_kept(
    english: ChatterboxFamily, conditioned: list[Any], tmp_path: Path, checkpoint: Callable[[str], Path]
) -> None:
    engine = Registry().create("chatterbox", {"path": str(checkpoint("chatterbox")), "voice_cache": 2, "device": "cpu"})
    assert isinstance(engine, ChatterboxFamily)
    engine.load(contract.no_progress)
    one, two, three = (cloned(checkpoints.recording(tmp_path / f"{n}.wav", 4.0, 100.0 + n)) for n in range(3))
    for voice in (one, two, one, two):
        say(engine, voice)
    assert len(conditioned) == 2
    for voice in (three, two, three):
        say(engine, voice)
    assert len(conditioned) == 3
    say(engine, one)
    assert len(conditioned) == 4, "the one longest unused had gone"
    checkpoints.recording(tmp_path / "0.wav", 5.0, 300.0)
    say(engine, one)
    assert len(conditioned) == 5, "another recording under the same name is another voice"
    engine.unload()


def test_a_kept_voice_holds_no_graph_and_no_device_memory(
    english: ChatterboxFamily, conditioned: list[Any], tmp_path: Path
) -> None:
    import torch

    say(english, cloned(checkpoints.recording(tmp_path / "new.wav", 4.0)))
    tensors = [v for v in (*conditioned[0].gen.values(), *vars(conditioned[0].t3).values()) if torch.is_tensor(v)]
    assert len(tensors) >= 6
    assert not any(tensor.requires_grad or tensor.device.type != "cpu" for tensor in tensors)
    assert sum(tensor.numel() * tensor.element_size() for tensor in tensors) < 1_000_000


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("recording", ["short", "silent", "noise", "missing"])
def test_bad_recordings(name: str, recording: str, loaded: Loaded, recordings: Recordings) -> None:
    with pytest.raises(InvalidParameter) as caught:
        say(loaded(name), cloned(recordings[recording]))
    assert caught.value.param == "voice"
    assert str(recordings[recording]) not in str(caught.value)


def test_turbo_wants_more_than_five_seconds(loaded: Loaded, tmp_path: Path) -> None:
    exactly = cloned(checkpoints.recording(tmp_path / "five.wav", 5.0))
    with pytest.raises(InvalidParameter, match="longer than 5 seconds"):
        say(loaded("chatterbox_turbo"), exactly)
    assert len(say(loaded("chatterbox"), exactly))


def test_a_long_recording_counts_with_its_beginning(english: ChatterboxFamily, tmp_path: Path) -> None:
    seconds = english.info.limits.reference_seconds
    assert seconds
    within = say(english, cloned(checkpoints.recording(tmp_path / "within.wav", seconds[1])))
    beyond = say(english, cloned(checkpoints.recording(tmp_path / "beyond.wav", seconds[1] + 20)))
    assert np.array_equal(within, beyond)


def test_a_checkpoint_may_lack_a_voice_of_its_own(
    checkpoint: Callable[[str], Path], recordings: Recordings, tmp_path: Path
) -> None:
    folder = checkpoints.without(checkpoint("chatterbox"), tmp_path / "voiceless", "conds.pt")
    engine = Registry().create("chatterbox", {"path": str(folder), "device": "cpu"})
    assert isinstance(engine, ChatterboxFamily)
    assert engine.weights_present() and engine.info.voices == () and engine.info.default_voice is None
    engine.load(contract.no_progress)
    with pytest.raises(UnknownVoice, match="reference recording"):
        say(engine, Voice("default"))
    assert len(say(engine, cloned(recordings["low"])))
    engine.unload()


def test_an_incomplete_folder_says_what_it_lacks(checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    folder = checkpoints.without(checkpoint("chatterbox"), tmp_path / "part", "ve.safetensors", "tokenizer.json")
    engine = Registry().create("chatterbox", {"path": str(folder)})
    assert not engine.weights_present()
    with pytest.raises(EngineWeightsMissing, match=r"engines.options.chatterbox.path lacks ve.safetensors, tokenizer"):
        engine.load(contract.no_progress)


@pytest.mark.parametrize(("name", "language"), [("chatterbox", "de"), ("chatterbox_multilingual", "is")])
def test_unknown_languages(name: str, language: str, loaded: Loaded) -> None:
    engine = loaded(name)
    with pytest.raises(InvalidParameter) as caught:
        next(engine.synthesize("Hi.", own(engine), SpeechParams(language=language)))
    assert caught.value.param == "language"


@pytest.mark.parametrize(("language", "code"), [("de-AT", "de"), ("nb-NO", "no"), ("zh-Hans-CN", "zh"), (None, "en")])
def test_languages_as_upstream_calls_them(
    language: str | None, code: str, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = loaded("chatterbox_multilingual")
    spoken: list[str] = []
    encode = type(engine._model._model.tokenizer).encode

    def noting(tokenizer: Any, text: str, language_id: str, **rest: Any) -> Any:
        spoken.append(language_id)
        return encode(tokenizer, text, language_id, **rest)

    monkeypatch.setattr(type(engine._model._model.tokenizer), "encode", noting)
    next(engine.synthesize("Hi.", own(engine), SpeechParams(language=language)))
    assert spoken == [code]


def test_chinese_is_read_with_the_table_beside_the_weights(loaded: Loaded) -> None:
    """Upstream asks the hub for it: here no hub can be reached."""
    tokenizer = loaded("chatterbox_multilingual")._model._model.tokenizer
    assert tokenizer.cangjie_converter("你") == "[cj_o][cj_n][cj_f][cj_.]"


def test_multilingual_does_not_slow_down_with_every_call(loaded: Loaded) -> None:
    engine = loaded("chatterbox_multilingual")

    def hooks() -> int:
        return sum(len(layer.self_attn._forward_hooks) for layer in engine._model._model.t3.tfmr.layers)

    say(engine, own(engine))
    before = hooks()
    say(engine, own(engine))
    assert hooks() == before


def test_marks_are_not_sound() -> None:
    import torch

    assert only_sound(torch.tensor([[6561, 5, 6560, 6562, 8000]])).tolist() == [[5, 6560]]
    assert only_sound(torch.tensor([[6562]])).tolist() == [[SILENCE_TOKEN]]


def test_the_watermark_is_applied(english: ChatterboxFamily, monkeypatch: pytest.MonkeyPatch) -> None:
    import perth

    marked: list[Samples] = []
    apply = perth.PerthImplicitWatermarker.apply_watermark

    def noting(self: Any, audio: Samples, **rest: Any) -> Samples:
        marked.append(apply(self, audio, **rest))
        return marked[-1]

    monkeypatch.setattr(perth.PerthImplicitWatermarker, "apply_watermark", noting)
    audio = say(english, own(english))
    assert len(marked) == 1 and np.array_equal(marked[0].astype(np.float32), audio)


def test_the_loudness_of_a_recording_does_not_make_doubles() -> None:
    """From NumPy 2 on a factor of its own makes doubles of samples, and Turbo's networks refuse them."""
    model = SimpleNamespace(norm_loudness=lambda samples, rate: samples.astype(np.float64))
    in_single_precision(model)
    assert model.norm_loudness(np.ones(3, np.float32), 24_000).dtype == np.float32


def test_no_bars_in_the_log(english: ChatterboxFamily, capfd: pytest.CaptureFixture[str]) -> None:
    say(english, own(english))
    assert "Sampling" not in capfd.readouterr().err
