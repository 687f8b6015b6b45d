"""The maker of a transcript is remembered, as far as a disk lets it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from clients.command.made_before import Maker, Memory, wanted

TINY = Maker("whisper", "whisper-tiny.en")


@pytest.mark.parametrize(
    ("fields", "models", "differs"),
    [
        ({}, {"whisper": "whisper-tiny.en"}, False),
        ({}, {"whisper": "whisper-small"}, True),
        ({"engine": "whisper"}, {"whisper": "whisper-tiny.en"}, False),
        ({"engine": "moonshine"}, {}, True),
        ({"language": "de"}, {}, True),
        ({"format": "srt"}, {}, False),
    ],
)
def test_another_engine_model_or_language_is_noticed(
    fields: dict[str, str], models: dict[str, str], differs: bool
) -> None:
    assert TINY.differs(wanted(fields, TINY, models)) is differs


def test_makers_are_told_by_their_model() -> None:
    assert str(TINY) == "whisper-tiny.en"
    assert str(Maker("ear", "small", "de")) == "ear small, language de"
    assert str(Maker()) == "any engine"


def test_a_correction_by_hand_is_noticed(tmp_path: Path, state: Path) -> None:
    transcript = tmp_path / "one.txt"
    transcript.write_bytes(b"as heard")
    assert Memory().recall(transcript) is None
    Memory().keep(transcript, TINY, b"as heard")
    remembered = Memory().recall(transcript)
    assert remembered is not None and remembered.maker == TINY and remembered.is_as_made(transcript)
    transcript.write_bytes(b"as meant")
    assert not remembered.is_as_made(transcript)
    kept = state / "stts" / "transcripts.sqlite3"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600 and stat.S_IMODE(kept.parent.stat().st_mode) == 0o700


def test_what_cannot_be_remembered_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    Memory().keep(tmp_path / "one.txt", TINY, b"")
    assert Memory().recall(tmp_path / "one.txt") is None
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "broken"))
    (tmp_path / "broken" / "stts").mkdir(parents=True)
    (tmp_path / "broken" / "stts" / "transcripts.sqlite3").write_text("no database " * 100)
    Memory().keep(tmp_path / "one.txt", TINY, b"")
    assert Memory().recall(tmp_path / "one.txt") is None
