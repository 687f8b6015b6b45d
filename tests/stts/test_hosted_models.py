"""The table of hosted ids against what was written down of the hosted service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from routers.compat.openai.usage_kinds import counts_tokens
from stts.hosted_models import MODELS, SESSIONS, commits_turns, hosted_model
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


@pytest.mark.parametrize("id", ["kokoro", "auto", "", "tts-1-2025", "gpt-5"])
def test_others_are_nobodys(id: str) -> None:
    assert hosted_model(id) is None
    assert not commits_turns(id)
