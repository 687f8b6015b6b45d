"""Pocket TTS through its own loading code, with a small model of its architecture and random weights.

Run where the library is installed: no environment of `make test-engines` has it, for its numpy and Chatterbox's exclude
each other and its torch would make the light environment a heavy one.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from engines.registry import Registry
from engines.tts.pocket import PocketEngine
from stts.engine_api import SpeechParams, Voice
from stts.errors import EngineWeightsMissing, InvalidParameter
from tests.engines import checkpoints, contract

pytestmark = pytest.mark.engines("pocket", "pocket_tts", "torch")

SMALL = "english_2m_2026-10.yaml"


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration of the library's smallest model, without its weights and with a tokenizer of letters."""
    from tokenizers import Tokenizer, models

    folder = tmp_path_factory.mktemp("pocket")
    spec = importlib.util.find_spec("pocket_tts")
    assert spec is not None and spec.submodule_search_locations
    config = yaml.safe_load((Path(spec.submodule_search_locations[0]) / "config" / SMALL).read_text())
    letters = ["<unk>", *map(chr, range(32, 127))]
    tokenizer = Tokenizer(models.Unigram([(letter, -1.0) for letter in letters], unk_id=0))
    tokenizer.save(str(folder / "tokenizer.json"))
    table = {"tokenizer": "tokenizers", "tokenizer_path": str(folder / "tokenizer.json"), "n_bins": len(letters)}
    config["flow_lm"]["lookup_table"].update(table)
    for key in ("weights_path", "weights_path_without_voice_cloning"):
        config.pop(key)
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture(scope="module")
def engine(config: Path) -> Iterator[PocketEngine]:
    import torch

    torch.manual_seed(1)
    engine = Registry().create("pocket", {"model": str(config), "voice_cache": 1})
    assert isinstance(engine, PocketEngine)
    engine.load(contract.no_progress)
    yield engine
    engine.unload()


@pytest.fixture(scope="module")
def someone(tmp_path_factory: pytest.TempPathFactory) -> Voice:
    path = checkpoints.recording(tmp_path_factory.mktemp("voices") / "low.wav", 3.0, pitch=110)
    return Voice("someone", "Someone", reference=str(path))


def test_describes_itself_without_its_library() -> None:
    contract.check_describes_itself_without_its_library("pocket")


def test_speaks_with_a_cloned_voice_and_may_be_left(engine: PocketEngine, someone: Voice) -> None:
    params = SpeechParams(seed=7, extra=engine.Parameters())
    blocks = list(engine.synthesize("Hello.", someone, params))
    assert len(blocks) > 1 and all(np.isfinite(block).all() and block.dtype == np.float32 for block in blocks)
    again = list(engine.synthesize("Hello.", someone, params))
    np.testing.assert_array_equal(np.concatenate(again), np.concatenate(blocks))
    leaving = engine.synthesize("Hello there, this is long.", someone, params)
    next(leaving)
    leaving.close()  # type: ignore[attr-defined]
    after = list(engine.synthesize("Hello.", someone, params))
    np.testing.assert_array_equal(np.concatenate(after), np.concatenate(blocks))


def test_a_recording_that_is_gone_is_told(engine: PocketEngine, someone: Voice, tmp_path: Path) -> None:
    for reference in (str(tmp_path / "gone.wav"), __file__):
        with pytest.raises(InvalidParameter):
            list(engine.synthesize("Hello.", Voice("x", reference=reference), SpeechParams()))
    assert list(engine.synthesize("Hi.", someone, SpeechParams())) and len(engine._states) == 1


def test_a_model_that_is_nowhere_is_told_by_its_setting(tmp_path: Path) -> None:
    engine = Registry().create("pocket", {"model": str(tmp_path / "missing.yaml")})
    assert not engine.weights_present()
    with pytest.raises(EngineWeightsMissing, match=r"engines\.options\.pocket\.model"):
        engine.load(contract.no_progress)
