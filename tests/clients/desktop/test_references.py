"""Recordings of the folder references: those that will not do say why."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import pytest
import soundfile

from clients.desktop.model.references import FOLDER, PLACE_SECONDS, PLACES, Looks, digest, looked_at, references
from tests.audio import encoded, tone


def recording(path: Path, seconds: float, peak: float = 0.5, rate: int = 24_000) -> Path:
    loud = int(peak * 32_767)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(struct.pack("<4h", loud, loud, -loud, -loud) * (int(seconds * rate) // 4))
    return path


def test_the_validity_of_each_is_told(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    assert references(tmp_path) == []
    folder.mkdir()
    recording(folder / "anna.wav", 6)
    recording(folder / "brief.wav", 2)
    recording(folder / "moment.wav", 0.5)
    recording(folder / "mute.wav", 6, peak=0.0)
    recording(folder / "phone.wav", 6, rate=8_000)
    (folder / "letter.wav").write_text("Dear Anna")
    (folder / "void.wav").write_bytes(b"")
    (folder / "song.mp3").write_bytes(b"ID3" + bytes(100))
    (folder / "text.mp3").write_text("Dear Anna")
    (folder / "notes.txt").write_text("no recording")
    (folder / ".hidden.wav").write_bytes(b"")
    found = {each.path.name: (each.valid, ", ".join(each.told)) for each in references(tmp_path)}
    assert found == {
        "anna.wav": (True, "6.0 s"),
        "brief.wav": (True, "2.0 s, short"),
        "letter.wav": (False, "no sound file, whatever its name says"),
        "moment.wav": (False, "too short: 0.5 s of at least 1 s"),
        "mute.wav": (False, "silent"),
        "phone.wav": (True, "6.0 s, narrow (8000 Hz)"),
        "song.mp3": (True, "the server will tell"),
        "text.mp3": (False, "no sound file, whatever its name says"),
        "void.wav": (False, "empty"),
    }


def test_a_recording_that_is_gone_is_not_readable(tmp_path: Path) -> None:
    assert "not readable" in looked_at(tmp_path / "gone.wav").problem
    assert looked_at(tmp_path).problem == "no file"


def test_a_changed_recording_is_another_voice(tmp_path: Path) -> None:
    path = recording(tmp_path / "anna.wav", 1)
    before = digest(path)
    recording(path, 2)
    assert digest(path) != before


def test_a_recording_is_looked_at_again_where_it_has_changed(tmp_path: Path) -> None:
    path, looks = recording(tmp_path / "anna.wav", 6), Looks()
    before = looks(path)
    assert looks(path) is before
    recording(path, 2)
    assert (looks(path).seconds, before.seconds) == (2.0, 6.0)
    path.unlink()
    assert "not readable" in looks(path).problem


def test_a_long_recording_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    frames_of = wave.Wave_read.readframes

    def counted(self: wave.Wave_read, frames: int) -> bytes:
        read.append(frames)
        return frames_of(self, frames)

    path = recording(tmp_path / "speech.wav", 120, rate=8_000)
    monkeypatch.setattr(wave.Wave_read, "readframes", counted)
    assert looked_at(path).valid
    assert sum(read) <= PLACES * PLACE_SECONDS * 8_000


def test_the_length_of_flac_is_told_too(tmp_path: Path) -> None:
    path = tmp_path / "anna.flac"
    soundfile.write(path, tone(3.0), 16_000)
    assert looked_at(path).told == ("3.0 s", "short")
    path.write_bytes(encoded(tone(3.0), "flac"))
    assert looked_at(path).told == ("the server will tell",), "it came as a stream, without its length"
