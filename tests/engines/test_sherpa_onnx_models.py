"""The kind of model that a folder holds is found from the names and the metadata of its files alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engines.registry import Registry
from engines.stt.sherpa_onnx import SherpaOnnxEngine
from engines.stt.sherpa_onnx_models import Kind, find
from stts.errors import EngineLoadFailed
from tests.engines.onnx_file import write_mean_model

CHUNKS = {"decode_chunk_len": "32", "T": "45"}
FRAMES = {"lfr_window_size": "7"}

FOLDERS: list[tuple[str, list[str], dict[str, str]]] = [
    ("transducer", ["encoder-epoch-99-avg-1", "decoder-epoch-99-avg-1", "joiner-epoch-99-avg-1"], {}),
    ("streaming_transducer", ["encoder", "decoder", "joiner"], {"model_type": "zipformer2", **CHUNKS}),
    ("streaming_transducer", ["encoder", "decoder", "joiner"], {"chunk_shift": "8", "window_size": "9"}),
    ("nemo_transducer", ["encoder.int8", "decoder.int8", "joiner.int8"], {"model_type": "EncDecRNNTBPEModel"}),
    ("streaming_paraformer", ["encoder.int8", "decoder.int8"], FRAMES),
    ("whisper", ["tiny.en-encoder", "tiny.en-decoder"], {"model_type": "whisper-tiny.en"}),
    ("moonshine", ["preprocess", "encode.int8", "uncached_decode.int8", "cached_decode.int8"], {}),
    ("paraformer", ["model.int8"], {"model_type": "paraformer", **FRAMES}),
    ("sense_voice", ["model"], {"model_type": "sense_voice_ctc", "lang_auto": "0", **FRAMES}),
    ("zipformer_ctc", ["model"], {"model_type": "zipformer2_ctc"}),
    ("streaming_zipformer_ctc", ["ctc-epoch-20-avg-1-chunk-16"], {"model_type": "zipformer2", **CHUNKS}),
    ("nemo_ctc", ["model"], {"model_type": "EncDecCTCModelBPE"}),
    ("streaming_nemo_ctc", ["model"], {"model_type": "EncDecHybridRNNTCTCBPEModel", "chunk_shift": "8"}),
    ("wenet_ctc", ["model"], {"model_type": "wenet_ctc"}),
    ("streaming_wenet_ctc", ["model-streaming"], {"model_type": "wenet_ctc", "num_blocks": "12"}),
]


def write(folder: Path, names: list[str], metadata: Mapping[str, str], tokens: str = "tokens.txt") -> Path:
    for name in names:
        write_mean_model(folder / f"{name}.onnx", metadata=metadata)
    (folder / tokens).write_text("<blk> 0\n")
    return folder


@pytest.mark.parametrize(("kind", "names", "metadata"), FOLDERS, ids=[f"{kind}-{len(m)}" for kind, _, m in FOLDERS])
def test_a_kind_is_found(tmp_path: Path, kind: Kind, names: list[str], metadata: dict[str, str]) -> None:
    tokens = "tiny.en-tokens.txt" if kind == "whisper" else "tokens.txt"
    model = find(write(tmp_path, names, metadata, tokens), None, int8=True)
    assert (model.kind, model.live, model.tokens.name) == (kind, kind.startswith("streaming_"), tokens)
    assert [path.name.removesuffix(".onnx") for path in model.parts.values()] == names
    assert find(tmp_path, kind, int8=True) == model
    info = Registry().create("sherpa_onnx", {"model": str(tmp_path)}).info
    assert info.abilities.live == model.live
    assert info.abilities.word_times == (kind not in ("whisper", "moonshine", "paraformer", "streaming_paraformer"))


def test_a_description_holds_while_the_model_is_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, ["model"], {"model_type": "zipformer2", **CHUNKS})
    engine = Registry().create("sherpa_onnx", {"model": str(tmp_path)})
    live: list[bool] = []
    find_weights = engine.find_weights

    def look(name: str | None) -> Path | None:
        if len(live) < 3:
            live.append(engine.info.abilities.live)
        return find_weights(name)

    assert engine.info.abilities.live
    monkeypatch.setattr(engine, "find_weights", look)
    assert engine.weights_present()
    assert live == [True]


def test_a_recogniser_is_let_go_of_before_the_next_is_made() -> None:
    engine = SherpaOnnxEngine()
    held = []

    class Languages:
        def of(self, language: str | None) -> Any:
            held.append((engine._recognizer, engine._stream))
            return SimpleNamespace(create_stream=lambda: object())

    languages: Any = Languages()
    engine._recognizers = languages
    for language in ("en", "de"):
        engine._stream = engine._new_stream("", language)
    assert held == [(None, None)] * 2


def test_a_paraformer_in_onnxruntimes_own_form_tells_no_times(tmp_path: Path) -> None:
    write(tmp_path, [], {})
    (tmp_path / "model.ort").write_bytes(b"ORTM")
    assert not find(tmp_path, "paraformer", int8=True).timed


def test_moonshine_of_two_files(tmp_path: Path) -> None:
    write(tmp_path, [], {})
    for name in ("encoder_model.ort", "decoder_model_merged.ort"):
        (tmp_path / name).write_bytes(b"ORTM")
    assert find(tmp_path, None, int8=True).kind == "moonshine_v2"


def test_of_two_files_of_one_network_the_one_that_is_wanted(tmp_path: Path) -> None:
    names = ["encoder.int8", "encoder", "decoder", "joiner.int8", "joiner"]
    write(tmp_path, names, {})
    for int8, expected in (
        (True, ["encoder.int8", "decoder", "joiner.int8"]),
        (False, ["encoder", "decoder", "joiner"]),
    ):
        parts = find(tmp_path, None, int8=int8).parts
        assert [path.name.removesuffix(".onnx") for path in parts.values()] == expected


def test_languages_are_those_of_the_kind_or_the_operators(tmp_path: Path) -> None:
    sense_voice, whisper, other = (tmp_path / name for name in ("sense_voice", "whisper", "other"))
    for folder in (sense_voice, whisper, other):
        folder.mkdir()
    write(sense_voice, ["model"], {"lang_auto": "0"})
    write(whisper, ["encoder", "decoder"], {"model_type": "whisper-tiny", "is_multilingual": "1"})
    write(other, ["model"], {"model_type": "zipformer2_ctc"})

    def languages(folder: Path, **options: object) -> tuple[str, ...]:
        return Registry().create("sherpa_onnx", {"model": str(folder), **options}).info.languages

    assert languages(sense_voice) == ("zh", "en", "ja", "ko", "yue")
    assert len(languages(whisper)) > 90
    assert languages(other) == ("en",)
    assert languages(whisper, languages=["de", "fr-CA"]) == ("de", "fr-CA")


@pytest.mark.parametrize(
    ("names", "kind", "why"),
    [
        (["encoder-epoch-9", "encoder-epoch-12", "decoder", "joiner"], None, "several files for the encoder"),
        (["joiner"], None, "no model of sherpa-onnx"),
        (["encoder", "decoder"], "transducer", "lacks the joiner"),
        (["model"], None, "set `kind`"),
    ],
)
def test_what_is_in_doubt_is_told(tmp_path: Path, names: list[str], kind: Kind | None, why: str) -> None:
    with pytest.raises(EngineLoadFailed, match=why):
        find(write(tmp_path, names, {"model_type": "unheard_of"}), kind, int8=True)


def test_a_model_needs_its_tokens(tmp_path: Path) -> None:
    write(tmp_path, ["model"], {"model_type": "zipformer2_ctc"})
    (tmp_path / "other-tokens.txt").write_text("<blk> 0\n")
    with pytest.raises(EngineLoadFailed, match="2 files of tokens"):
        find(tmp_path, None, int8=True)


def test_a_model_that_comes_later_is_found(tmp_path: Path) -> None:
    engine = Registry().create("sherpa_onnx", {"model": str(tmp_path)})
    assert not engine.weights_present()
    write(tmp_path, ["model"], {"model_type": "zipformer2_ctc"})
    assert engine.weights_present()


def test_the_description_looks_at_the_disk_now_and_then_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Registry().create("sherpa_onnx", {"model": str(tmp_path / "absent")})
    looks: list[object] = []
    monkeypatch.setattr(engine, "find_weights", looks.append)
    assert [engine.info.abilities.live for _ in range(3)] == [False] * 3
    assert len(looks) == 1


def test_the_description_follows_the_model_that_is_there(tmp_path: Path) -> None:
    engine = Registry().create("sherpa_onnx", {"model": str(tmp_path / "model")})
    assert not engine.info.abilities.live and not engine.outdated()
    folder = tmp_path / "model"
    folder.mkdir()
    write(folder, ["model"], {"model_type": "zipformer2_ctc"})
    assert engine.weights_present() and not engine.info.abilities.live
    assert not engine.outdated()
    write(folder, ["model"], {"model_type": "zipformer2", **CHUNKS})
    assert engine.outdated() and not engine.info.abilities.live, "it is as it was, and may be loaded so"
    engine.look_again()
    assert engine.info.abilities.live and not engine.outdated()
    (folder / "tokens.txt").unlink()
    assert engine.outdated()
    assert not engine.weights_present() and not engine.info.abilities.live
