"""Settings of programs in these tests: the fake engines, and a folder of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

Sections = dict[str, dict[str, Any]]


@pytest.fixture
def sections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sections:
    """The tone speaks at a hundred times real time, so that a long text takes a moment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STTS_CONFIG", raising=False)
    return {
        "tts": {"order": ["tone"]},
        "stt": {"order": ["echo"], "vad": "silero"},
        "storage": {"root": str(tmp_path / "data")},
        "engines": {"options": {"tone": {"speed": 100.0, "fail_on": "explode"}}},
    }
