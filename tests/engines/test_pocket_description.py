"""Pocket TTS, asked before its library is imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.tts.pocket import PocketEngine
from stts.errors import EngineWeightsMissing
from tests.engines.contract import no_progress


def test_nothing_is_fetched_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    engine = PocketEngine()
    engine.offline = True
    monkeypatch.setattr(engine, "installed", lambda: True)
    with pytest.raises(EngineWeightsMissing, match=r"models\.offline"):
        engine.load(no_progress)
