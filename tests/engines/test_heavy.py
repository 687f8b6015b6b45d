"""The heavy engines keep the same contract as the embedded ones, through their real loading code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engines.registry import Registry
from stts.engine_api import ListenParams, SpeechParams, Voice
from tests.engines import contract, speech

pytestmark = pytest.mark.engines

CHATTERBOX = ("chatterbox", "chatterbox_multilingual", "chatterbox_turbo")
TEXT = "Hello."


@pytest.mark.parametrize("name", [*CHATTERBOX, "whisper"])
def test_installed_and_described_without_being_imported(name: str) -> None:
    contract.check_describes_itself_without_its_library(name)
    assert Registry().create(name).installed()


@pytest.mark.parametrize("name", [*CHATTERBOX, "whisper"])
def test_loads_again_after_unload(name: str, loaded: Callable[[str], Any]) -> None:
    contract.check_reload(loaded(name))


@pytest.mark.parametrize("name", CHATTERBOX)
def test_speaks_with_its_own_voice(name: str, loaded: Callable[[str], Any]) -> None:
    engine = loaded(name)
    params = SpeechParams(language="en", seed=7, extra=engine.Parameters())
    contract.check_tts(engine, engine.info.voices[0], TEXT, params)


@pytest.mark.parametrize("name", CHATTERBOX)
def test_speaks_with_a_cloned_voice(name: str, loaded: Callable[[str], Any], recordings: dict[str, Path]) -> None:
    voice = Voice("someone", "Someone", reference=str(recordings["low"]))
    contract.check_tts(loaded(name), voice, TEXT, SpeechParams(seed=7))


def test_listens(loaded: Callable[[str], Any]) -> None:
    engine = loaded("whisper")
    # Random weights pass no threshold, and each new try draws anew.
    once = engine.Parameters(compression_ratio_threshold=100, logprob_threshold=-100, no_speech_threshold=1)
    samples = speech.read(speech.DATA / "kitchen.flac")
    assert contract.check_stt(engine, samples, ListenParams(word_timestamps=True, extra=once))
