"""The table of hosted ids against what was written down of the hosted service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stts.hosted_models import MODELS, SESSIONS, commits_turns, counts_tokens, hosted_model, without_version
from stts.settings.built_in import HOSTED_MODELS

RECORDED: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "openai" / "ids.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("id", RECORDED)
def test_each_recorded_id_is_as_it_was(id: str) -> None:
    model, recorded = hosted_model(id), RECORDED[id]
    assert model is not None
    assert model.use == recorded["use"]
    assert [*model.formats] == recorded.get("formats", [])
    assert [*model.events] == recorded.get("events", [])
    assert model.logprobs == recorded.get("logprobs", False)
    assert model.commits == ("turn_detection" in recorded)
    if model.use == "transcription":
        assert model.usage == recorded["usage"]["type"] == ("tokens" if counts_tokens(id) else "duration")


def test_every_id_of_a_request_means_an_engine() -> None:
    requests = {id for id in RECORDED if id not in SESSIONS}
    assert requests <= HOSTED_MODELS.keys()
    assert not HOSTED_MODELS.keys() & set(SESSIONS)


@pytest.mark.parametrize("id", ["gpt-4o-mini-tts-2025-12-15", "GPT-4O-MINI-TTS", " tts-1 ", "gpt-realtime-2025-08-28"])
def test_versions_are_the_model_itself(id: str) -> None:
    assert hosted_model(id) in MODELS.values()


def test_a_version_names_its_model_and_nothing_else_does() -> None:
    assert without_version("GPT-4o-Transcribe-Diarize-2026-01-01 ") == "gpt-4o-transcribe-diarize"
    for id in ("gpt-4o-transcribe", "hibari-2026-01-01", "gpt-4o-mini-tts-2026", ""):
        assert without_version(id) is None
    assert counts_tokens("gpt-4o-mini-transcribe-2025-12-15") and not counts_tokens("whisper-1")
    assert not counts_tokens("gpt-4o-transcribe-diarize") and not counts_tokens("faster_whisper")


@pytest.mark.parametrize("id", ["kokoro", "auto", "", "tts-1-2025", "gpt-5"])
def test_others_are_nobodys(id: str) -> None:
    assert hosted_model(id) is None
    assert not commits_turns(id)
