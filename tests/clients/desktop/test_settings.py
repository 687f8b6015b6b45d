"""Settings are kept, and a file that is broken costs no more than itself."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from clients.desktop.model.settings import Settings, SettingsFailed, file, load, read, save
from clients.desktop.sound.device import Choice


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    settings = replace(
        Settings(),
        server="http://speech.example.com",
        key="secret",
        speed=1.25,
        cable=Choice("PulseAudio:cable", "Cable"),
        phrases=("Hello", "سلام"),
        parameters={"espeak": {"word_gap": 3}},
        clones={"abc http://x": "voice_1"},
    )
    path = tmp_path / "stts" / "desktop.json"
    save(settings, path)
    assert load(path) == (settings, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["desktop.json"]


def test_without_a_file_they_are_those_of_the_start(tmp_path: Path) -> None:
    assert load(tmp_path / "none.json") == (Settings(), "")


@pytest.mark.parametrize("content", ["{", "[]", "\x00", '"text"'])
def test_a_broken_file_is_put_aside(tmp_path: Path, content: str) -> None:
    path = tmp_path / "desktop.json"
    path.write_text(content)
    settings, wrong = load(path)
    assert settings == Settings() and "desktop.broken.json" in wrong
    assert (tmp_path / "desktop.broken.json").read_text() == content


def test_a_value_that_makes_no_sense_leaves_the_others_alone() -> None:
    kept = {
        "server": 3,
        "speed": "fast",
        "pitch": 99,
        "theme": "pink",
        "clones": {"a": 1},
        "cable": "cable",
        "ears": {"id": "x"},
        "phrases": ["a", " ", "b"],
        "parameters": [1],
        "language": "de",
        "unknown": 1,
    }
    assert read(kept) == replace(Settings(), pitch=24.0, phrases=("a", "b"), language="de")


def test_settings_that_cannot_be_kept_say_so(tmp_path: Path) -> None:
    (tmp_path / "stts").write_text("a file in the way")
    with pytest.raises(SettingsFailed, match="cannot be kept"):
        save(Settings(), tmp_path / "stts" / "desktop.json")


def test_the_file_is_where_the_system_keeps_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert file() == tmp_path / "stts" / "desktop.json"
    save(Settings(), file())
    assert json.loads(file().read_text())["server"] == "http://127.0.0.1:8000"
