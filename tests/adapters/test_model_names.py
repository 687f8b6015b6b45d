from __future__ import annotations

import pytest

from adapters.model_names import engine_named
from stts.errors import UnknownEngine

KNOWN = ("espeak", "chatterbox_turbo")
HOSTED = {"tts-1": "auto", "kokoro": "auto", "whisper-1": "auto", "mine": "espeak", "espeak": "chatterbox_turbo"}


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("auto", "auto"),
        ("espeak", "espeak"),
        ("eSpeak", "espeak"),
        ("Chatterbox-Turbo", "chatterbox_turbo"),
        ("tts-1", "auto"),
        ("TTS-1", "auto"),
        ("mine", "espeak"),
        ("kokoro", "auto"),
    ],
)
def test_an_engine_in_any_case_or_a_hosted_model(name: str, engine: str) -> None:
    assert engine_named(name, KNOWN, HOSTED, "tts") == engine


@pytest.mark.parametrize("name", ["whisper-1", "nosuch", "espeak-ng", ""])
def test_what_is_no_engine_for_this_is_refused_with_what_is(name: str) -> None:
    with pytest.raises(UnknownEngine) as refused:
        engine_named(name, KNOWN, HOSTED, "tts")
    assert refused.value.allowed == ["auto", "chatterbox_turbo", "espeak"]


def test_the_nearest_is_told() -> None:
    with pytest.raises(UnknownEngine, match="espeak"):
        engine_named("espeek", KNOWN, HOSTED, "tts")
