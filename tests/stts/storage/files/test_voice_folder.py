from __future__ import annotations

from pathlib import Path

import pytest

from stts.storage.files.voice_folder import Recording, VoiceFolder
from tests.stts.voices.recordings import RATE, speech, wav

EXTENSIONS = (".wav", ".mp3")


@pytest.fixture
def folder(tmp_path: Path) -> VoiceFolder:
    for name, seconds in (("anna.wav", 12.0), ("Anna.MP3", 7.0), ("long.wav", 61.0)):
        samples = speech()[: round(seconds * RATE)]
        (tmp_path / name).write_bytes(wav(samples).getvalue())
    return VoiceFolder(tmp_path, EXTENSIONS, (5.0, 10.0))


def test_names_are_found_as_written_then_by_their_stem(folder: VoiceFolder) -> None:
    assert folder.names() == ["Anna.MP3", "anna.wav", "long.wav"]
    found = {"anna.wav": "anna.wav", "Anna.MP3": "Anna.MP3", "anna": "anna.wav", "ANNA.flac": "anna.wav"}
    assert {name: folder.find(name) for name in found} == found
    for name in ("", ".", "..", "nobody", "../anna.wav", "anna.wav/", "./anna.wav", ".anna.wav", "an\0na.wav"):
        assert folder.find(name) is None, name


def test_lengths(folder: VoiceFolder) -> None:
    assert folder.recording("anna.wav") == Recording("anna.wav", 12.0)
    assert folder.recording("Anna.MP3").format == "mp3"
    assert folder.recording("long.wav").seconds == pytest.approx(44, abs=2), "there is no more of it"
    assert folder.recording("gone.wav").seconds is None


def test_the_best_part_is_kept_beside_it(folder: VoiceFolder, tmp_path: Path) -> None:
    voice = folder.voice("anna.wav")
    assert voice is not None and voice.reference is not None and voice.id == "anna.wav"
    part = Path(voice.reference)
    assert part.parent.parent == tmp_path / ".converted" and voice.digest in part.name
    assert folder.voice("anna.wav") == voice and folder.names() == ["Anna.MP3", "anna.wav", "long.wav"]
    (tmp_path / "anna.wav").unlink()
    assert folder.voice("anna.wav") is None
    folder.names()
    assert not part.exists()


def test_it_may_come_later(tmp_path: Path) -> None:
    later = VoiceFolder(tmp_path / "a" / "b", EXTENSIONS, (5.0, 10.0))
    assert not later.exists and later.names() == [] and later.find("anna.wav") is None
    later.make()
    assert later.exists
