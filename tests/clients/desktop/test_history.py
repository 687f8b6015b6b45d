"""The history: files that any player plays, with their own words inside, and nothing half-made."""

from __future__ import annotations

import time
import wave
from pathlib import Path

import pytest

from clients.desktop.model.history import FOLDER, TEXT_BYTES, History, HistoryFailed, read_entry, samples

SOUND = b"\1\2" * 12_000
WORDS = "سلام, “world” 🙂"


def test_a_file_is_a_wav_with_its_words_in_it(tmp_path: Path) -> None:
    history = History(tmp_path, lambda: 1_796_000_000.25)
    recording = history.begin(24_000, WORDS, "heart", fails)
    recording.write(SOUND)
    assert history.entries() == []
    entry = recording.keep()
    assert entry is not None
    stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(1_796_000_000))
    assert entry.path == tmp_path / FOLDER / f"tts_{stamp}_250.wav"
    with wave.open(str(entry.path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.readframes(1 << 20)) == (24_000, 1, SOUND)
    (read,) = history.entries()
    assert (read.text, read.voice, read.seconds) == (WORDS, "heart", 0.5)
    assert samples(entry.path) == (24_000, SOUND)


def test_two_of_one_moment_have_two_names(tmp_path: Path) -> None:
    history = History(tmp_path, lambda: 1_796_000_000.0)
    both = [history.begin(24_000, "a", "", fails), history.begin(24_000, "b", "", fails)]
    assert len({entry.path for recording in both if (entry := recording.keep())}) == 2


def test_what_was_not_whole_leaves_nothing(tmp_path: Path) -> None:
    history = History(tmp_path)
    recording = history.begin(24_000, "a", "", fails)
    recording.write(SOUND)
    recording.drop()
    recording.drop()
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file in its place")
    told: list[str] = []
    recording = History(tmp_path).begin(24_000, "a", "", told.append)
    recording.write(SOUND)
    assert recording.keep() is None
    assert len(told) == 1 and "cannot be written" in told[0]


def test_words_are_cut_and_not_the_sound(tmp_path: Path) -> None:
    recording = History(tmp_path).begin(24_000, "ü" * 50_000, "", fails)
    recording.write(SOUND)
    assert recording.keep() is not None
    (entry,) = History(tmp_path).entries()
    assert entry.text == "ü" * (TEXT_BYTES // 2)


def test_foreign_files_are_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    for name, content in (("tts_1.wav", b""), ("tts_2.wav", b"RIFF" + bytes(60)), ("tts_3.wav", b"x" * 99)):
        (folder / name).write_bytes(content)
        with pytest.raises(HistoryFailed, match="no speech of this program"):
            samples(folder / name)
    assert History(tmp_path).entries() == []
    assert read_entry(folder / "missing.wav") is None
    with pytest.raises(HistoryFailed, match="cannot be read"):
        samples(folder / "missing.wav")


def test_what_a_killed_program_has_left_goes(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "tts_old.part").write_bytes(b"x")
    recording = History(tmp_path, lambda: time.time() + 7200).begin(24_000, "a", "", fails)
    assert [path.name for path in folder.iterdir()] == [recording.path.with_suffix(".part").name]
    recording.drop()


def fails(problem: str) -> None:
    raise AssertionError(problem)
