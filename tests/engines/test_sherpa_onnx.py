"""sherpa-onnx through its real library: small models of true architectures, and Moonshine's real weights."""

from __future__ import annotations

import base64
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engines.registry import Registry
from engines.stt import sherpa_onnx_recognizer
from engines.stt.moonshine_tokens import Vocabulary
from engines.stt.sherpa_onnx import SherpaOnnxEngine
from engines.stt.sherpa_onnx_options import SherpaOnnxParameters
from stts.engine_api import ListenParams
from stts.errors import EngineError, EngineLoadFailed, EngineWeightsMissing, InvalidParameter
from stts.languages import best_match
from tests.engines import contract, sherpa_models, sherpa_other_models, sherpa_streaming_models, speech
from tests.engines.sherpa_models import HIGH, LOW, tones

pytestmark = pytest.mark.engines("onnx", "sherpa_onnx", "onnx")

HEARD = "low high low"
SAID = tones(LOW, HIGH, LOW)
TIMED = ListenParams(word_timestamps=True, extra=SherpaOnnxParameters())

BEAMS = {"decoding": "modified_beam_search"}

MAKERS: dict[str, Callable[[Path], Path]] = {
    "streaming_transducer": sherpa_models.streaming_transducer,
    "transducer": sherpa_models.transducer,
    "zipformer_ctc": sherpa_models.ctc,
    "sense_voice": sherpa_models.sense_voice,
    "streaming_zipformer_ctc": sherpa_streaming_models.streaming_zipformer_ctc,
    "streaming_nemo_transducer": sherpa_streaming_models.streaming_nemo_transducer,
    "streaming_wenet_ctc": sherpa_streaming_models.streaming_wenet_ctc,
    "nemo_transducer": sherpa_other_models.nemo_transducer,
    "nemo_ctc": sherpa_other_models.nemo_ctc,
    "wenet_ctc": sherpa_other_models.wenet_ctc,
    "paraformer": sherpa_other_models.paraformer,
    "timed_paraformer": sherpa_other_models.timed_paraformer,
    "whisper": sherpa_other_models.whisper,
    "multilingual_whisper": sherpa_other_models.multilingual_whisper,
}
LIVE = [kind for kind in MAKERS if kind.startswith("streaming_")]
UNTIMED = ("paraformer", "whisper", "multilingual_whisper")
TIMED_KINDS = [kind for kind in MAKERS if kind not in UNTIMED]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., SherpaOnnxEngine]]:
    """Kind and options -> the engine, loaded with a small model of the kind."""
    made: list[SherpaOnnxEngine] = []

    def loaded(kind: str, **options: object) -> SherpaOnnxEngine:
        folder = MAKERS[kind](tmp_path_factory.mktemp(kind))
        engine = Registry().create("sherpa_onnx", {"model": str(folder), **options})
        assert isinstance(engine, SherpaOnnxEngine)
        engine.load(contract.no_progress)
        made.append(engine)
        return engine

    yield loaded
    for engine in made:
        engine.unload()


@pytest.mark.parametrize("kind", MAKERS)
def test_the_contract_with_each_kind(make: Callable[..., SherpaOnnxEngine], kind: str) -> None:
    engine = make(kind)
    assert engine.weights_present()
    assert engine.info.abilities.live == (kind in LIVE)
    assert engine.info.abilities.word_times == (kind not in UNTIMED)
    heard = contract.check_stt(engine, SAID)
    assert heard == {"whisper": "low high", "multilingual_whisper": "high"}.get(kind, HEARD)
    contract.check_reload(engine)
    contract.check_description(engine)


@pytest.mark.parametrize("kind", TIMED_KINDS)
def test_words_stand_where_they_were_said(make: Callable[..., SherpaOnnxEngine], kind: str) -> None:
    (segment,) = make(kind).transcribe(SAID, TIMED)
    assert [word.text for word in segment.words] == HEARD.split()
    for word, start in zip(segment.words, (0.3, 1.0, 1.7), strict=True):
        assert start - 0.08 <= word.start < word.end <= start + 0.45
    assert (segment.start, segment.end) == (segment.words[0].start, segment.words[-1].end)


@pytest.mark.parametrize("kind", MAKERS)
def test_transducers_tell_how_likely_their_tokens_are(make: Callable[..., SherpaOnnxEngine], kind: str) -> None:
    engine = make(kind)
    (segment,) = engine.transcribe(SAID, ListenParams(logprobs=True))
    assert bool(segment.likely) is engine.info.abilities.logprobs is kind.endswith("transducer")
    assert all(token.logprob <= 0 for token in segment.likely)
    if segment.likely:
        assert "".join(token.text for token in segment.likely).lower().split() == HEARD.split()


@pytest.mark.parametrize("kind", LIVE)
def test_it_listens_live_and_goes_on_after_a_pause(make: Callable[..., SherpaOnnxEngine], kind: str) -> None:
    engine = make(kind)
    engine.begin(TIMED)
    partials = [engine.hear(SAID[start : start + 1600]) for start in range(0, len(SAID), 1600)]
    assert list(dict.fromkeys(partials)) == ["", "low", "low high", HEARD]
    (first,) = engine.end()
    assert (first.text, first.words[1].text) == (HEARD, "high")
    assert engine.end() == ()
    engine.hear(tones(HIGH))
    (second,) = engine.end()
    assert (second.text, round(second.start, 1)) == ("high", 0.3), "times count from the last end"
    engine.begin(ListenParams())
    assert engine.hear(tones(LOW)) == "low"


@pytest.mark.parametrize("kind", LIVE)
def test_last_words_come_although_no_silence_follows(make: Callable[..., SherpaOnnxEngine], kind: str) -> None:
    engine = make(kind)
    engine.begin(ListenParams())
    engine.hear(SAID[: round(1.78 * 16_000)])
    (segment,) = engine.end()
    assert segment.text == HEARD
    assert segment.end <= 1.78
    assert segment.words == ()


def test_last_words_come_out_of_a_network_that_takes_more_than_a_second_at_once(tmp_path: Path) -> None:
    folder = sherpa_streaming_models.streaming_zipformer_ctc(tmp_path, step=128)
    engine = Registry().create("sherpa_onnx", {"model": str(folder)})
    assert isinstance(engine, SherpaOnnxEngine)
    engine.load(contract.no_progress)
    for length in range(round(1.8 * 16_000), round(3.2 * 16_000), 3200):
        engine.begin(ListenParams())
        engine.hear(tones(LOW, HIGH, LOW, HIGH)[:length])
        (segment,) = engine.end()
        assert segment.text.startswith(HEARD), length
    engine.unload()


def test_words_come_with_how_sure_they_are(make: Callable[..., SherpaOnnxEngine]) -> None:
    (segment,) = make("transducer").transcribe(SAID, TIMED)
    assert all(word.probability is not None and 0.5 < word.probability <= 1 for word in segment.words)
    assert segment.avg_logprob is not None and -0.7 < segment.avg_logprob < 0


@pytest.mark.parametrize("kind", ["streaming_transducer", "transducer"])
def test_hotwords_decide_what_can_hardly_be_heard(make: Callable[..., SherpaOnnxEngine], kind: str) -> None:
    engine = make(kind, **BEAMS)
    both = sherpa_models.hardly_audible()

    def heard(engine: SherpaOnnxEngine, hotwords: str = "") -> list[str]:
        params = ListenParams(extra=SherpaOnnxParameters(hotwords=hotwords))
        return [segment.text for segment in engine.transcribe(both, params)]

    assert heard(engine) == []
    assert heard(engine, "High") == ["high"]
    assert heard(engine, "an unheard/of one, low") == ["low"]
    for odd in ("high :x", "high :1e99", ":", "/", "@high#", "😀 high, ß"):
        assert heard(engine, odd) in ([], ["high"])
    assert heard(make(kind, **BEAMS, hotwords=["high"])) == ["high"]


@pytest.mark.parametrize("kind", ["streaming_nemo_transducer", "nemo_transducer", "zipformer_ctc"])
def test_what_has_no_beams_is_searched_without(make: Callable[..., SherpaOnnxEngine], kind: str) -> None:
    engine = make(kind, **BEAMS)
    assert [segment.text for segment in engine.transcribe(SAID, ListenParams())] == [HEARD]
    with pytest.raises(InvalidParameter, match="no hotwords"):
        engine.begin(ListenParams(extra=SherpaOnnxParameters(hotwords="low")))


def test_hotwords_that_cannot_be_are_refused(make: Callable[..., SherpaOnnxEngine]) -> None:
    asked = ListenParams(extra=SherpaOnnxParameters(hotwords="Anna, Kubernetes"))
    for kind, why in (("transducer", "modified_beam_search"), ("zipformer_ctc", "only transducers")):
        with pytest.raises(InvalidParameter, match=why):
            list(make(kind).transcribe(SAID, asked))
        with pytest.raises(EngineLoadFailed, match=why):
            make(kind, hotwords=["Anna"])
    with pytest.raises(InvalidParameter):
        make("streaming_transducer").begin(asked)


@pytest.mark.parametrize(
    ("languages", "told"), [((), "en"), (("zh", "en", "ko"), "en"), (("ko-KR",), "ko-KR"), (("zh", "ko"), None)]
)
def test_the_language_is_the_one_there_is_or_the_one_detected(
    make: Callable[..., SherpaOnnxEngine], languages: tuple[str, ...], told: str | None
) -> None:
    engine = make("sense_voice", languages=languages)
    (segment,) = engine.transcribe(SAID, TIMED)
    assert (segment.text, segment.language) == (HEARD, told)
    assert engine.info.languages == (languages or ("zh", "en", "ja", "ko", "yue"))
    assert engine.info.abilities.language_detection == (len(languages) != 1)


def test_the_language_of_a_request_is_the_one_that_is_heard(make: Callable[..., SherpaOnnxEngine]) -> None:
    sense_voice = make("sense_voice")
    for language, told in ((None, "en"), ("ko-KR", "ko"), ("zh", "zh"), ("en", "en"), ("ko", "ko"), (None, "en")):
        (segment,) = sense_voice.transcribe(SAID, ListenParams(language=language))
        assert (segment.text, segment.language) == (HEARD, told)
    whisper = make("multilingual_whisper")
    assert {"en", "de"} <= set(whisper.info.languages)
    for language, text in ((None, "high"), ("en-GB", "low"), ("de", "high"), ("en", "low"), (None, "high")):
        (segment,) = whisper.transcribe(SAID, ListenParams(language=language))
        assert (segment.text, segment.language) == (text, best_match(language or "de", ["en", "de"]))


def test_recognisers_of_languages_are_bounded(
    make: Callable[..., SherpaOnnxEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def counted(model: object, options: object, unit: str, language: str) -> object:
        made.append(language)
        return make_recognizer(model, options, unit, language)

    make_recognizer: Callable[..., object] = sherpa_onnx_recognizer._make
    monkeypatch.setattr(sherpa_onnx_recognizer, "_make", counted)
    for kept, expected in ((0, [""]), (1, ["", "ko", "zh", "ko"]), (2, ["", "ko", "zh"])):
        made.clear()
        engine = make("sense_voice", language_recognizers=kept)
        for language in ("ko", "zh", "ko", None, "ko"):
            list(engine.transcribe(SAID, ListenParams(language=language)))
        assert made == expected


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    without = Registry().create("sherpa_onnx")
    assert not without.weights_present()
    with pytest.raises(EngineWeightsMissing, match=r"sherpa_onnx\.model names no model"):
        without.load(contract.no_progress)
    with pytest.raises(EngineWeightsMissing, match="no-such"):
        Registry().create("sherpa_onnx", {"model": "no-such"}).load(contract.no_progress)
    empty = Registry().create("sherpa_onnx", {"model": str(tmp_path)})
    assert not empty.weights_present()
    with pytest.raises(EngineLoadFailed, match="tokens"):
        empty.load(contract.no_progress)


def test_nothing_is_heard_before_it_is_asked_to_hear(make: Callable[..., SherpaOnnxEngine]) -> None:
    engine = Registry().create("sherpa_onnx")
    assert isinstance(engine, SherpaOnnxEngine)
    with pytest.raises(EngineError, match="not loaded"):
        engine.begin(ListenParams())
    with pytest.raises(EngineError, match="begin"):
        make("streaming_transducer").hear(SAID)


ENCODER, JOINER, TOKENS = "encoder.onnx", "joiner.onnx", "tokens.txt"


@pytest.mark.parametrize(
    ("name", "damage", "why"),
    [
        (ENCODER, lambda whole: whole[: len(whole) // 2], "cut off"),
        (ENCODER, lambda _: b"<html>not found</html>", "no ONNX file"),
        (JOINER, lambda whole: whole.replace(b"Add", b"Odd"), "cannot read"),
        ("decoder.onnx", lambda whole: whole.replace(b"context_size", b"another_size"), "context_size"),
        (TOKENS, lambda _: b"\xff\xfe nonsense here\n", "no symbol"),
        (TOKENS, lambda whole: whole[:20], "another model"),
        (TOKENS, lambda _: b"", "empty"),
        ("bpe.vocab", lambda whole: whole + b"no pieces at all\n", "no piece with its score"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, name: str, damage: Callable[[bytes], bytes], why: str) -> None:
    path = sherpa_models.transducer(tmp_path) / name
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(EngineLoadFailed, match=why):
        Registry().create("sherpa_onnx", {"model": str(tmp_path), **BEAMS}).load(contract.no_progress)


@pytest.mark.engines("onnx", "sherpa_onnx", "moonshine_cpp")
def test_real_weights_understand_speech(tmp_path: Path) -> None:
    """Moonshine's files are as the library has them, but for the tokens, which its releases write in base 64."""
    package = importlib.util.find_spec("moonshine_cpp")
    assert package is not None and package.submodule_search_locations
    files = Path(package.submodule_search_locations[0]) / "models" / "base-en"
    for name in ("encoder_model.ort", "decoder_model_merged.ort"):
        (tmp_path / name).symlink_to(files / name)
    pieces = Vocabulary.read(files / "tokenizer.bin").pieces
    lines = (base64.b64encode(piece) + f" {number}\n".encode() for number, piece in enumerate(pieces))
    (tmp_path / "tokens.txt").write_bytes(b"".join(lines))
    engine = Registry().create("sherpa_onnx", {"model": str(tmp_path)})
    assert isinstance(engine, SherpaOnnxEngine)
    assert not engine.info.abilities.word_times and not engine.info.abilities.live
    engine.load(contract.no_progress)
    try:
        for name in ("kitchen.flac", "weather.flac"):
            samples = speech.read(speech.DATA / name)
            heard = contract.check_stt(engine, samples, ListenParams())
            assert speech.word_error_rate(speech.WORDS[name], heard) == 0
    finally:
        engine.unload()
