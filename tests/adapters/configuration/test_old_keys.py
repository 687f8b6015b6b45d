from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from structlog.testing import capture_logs

from adapters.configuration.adapter import ConfigAdapter
from adapters.configuration.keys import key_tree, keys_below
from adapters.configuration.old_keys import MOVED
from adapters.configuration.overrides import OVERRIDES
from stts.settings import Settings

KEYS = {key.name: key for key in keys_below(key_tree(Settings))}

ROOT = Path(__file__).parents[3]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "config.yaml"


def adapter(file: Path, text: str = "", environ: Mapping[str, str] | None = None) -> ConfigAdapter:
    file.write_text(text)
    return ConfigAdapter.load(file, environ or {}, None)


def test_an_old_key_leads_to_one_that_there_is() -> None:
    assert set(MOVED.values()) <= set(KEYS)
    assert not set(MOVED) & set(KEYS)


def test_an_old_key_is_read_from_the_file_with_one_line_in_the_log(file: Path) -> None:
    config = adapter(file, "tts:\n  piece_growth: 2.0\n")
    assert config.current().tts.chunk_growth == 2.0
    with capture_logs() as lines:
        config.log_origins()
    (line,) = lines
    assert (line["log_level"], line["place"]) == ("warning", "config.yaml, line 2")
    assert (line["old"], line["new"]) == ("tts.piece_growth", "tts.chunk_growth")


def test_an_old_variable_is_read(file: Path) -> None:
    config = adapter(file, "", {"STTS_TTS__PIECE_GROWTH": "3"})
    assert config.current().tts.chunk_growth == 3.0
    with capture_logs() as lines:
        config.log_origins()
    assert [line["place"] for line in lines] == ["environment variable STTS_TTS__PIECE_GROWTH"]


def test_the_new_name_wins_where_both_are_there(file: Path) -> None:
    assert adapter(file, "tts: {piece_growth: 2.0, chunk_growth: 3.0}\n").current().tts.chunk_growth == 3.0


def test_what_is_wrong_is_told_where_the_old_key_stands(file: Path) -> None:
    with pytest.raises(Exception, match=r"config\.yaml, line 2: tts\.chunk_growth = 9: must be less"):
        adapter(file, "tts:\n  piece_growth: 9\n")


@pytest.mark.parametrize("changes", [{"tts.piece_growth": 2}, {"tts": {"piece_growth": 2}}])
async def test_a_change_may_use_an_old_key(file: Path, changes: dict[str, object]) -> None:
    config = adapter(file)
    assert (await config.patch(changes)).live == ("tts.chunk_growth",)
    assert yaml.safe_load((file.parent / "data" / OVERRIDES).read_text()) == {"tts": {"chunk_growth": 2.0}}


def test_the_document_names_every_key_that_has_moved() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"^\| `([a-z_.]+)` \| `([a-z_.]+)` \|$", text, re.MULTILINE)) == MOVED


INSTANCE = "engines:\n  instances:\n    voice: {{engine: espeak, runs_in: {}}}\n"


def test_an_old_value_is_read_with_one_line_in_the_log(file: Path) -> None:
    config = adapter(file, INSTANCE.format("thread"))
    assert config.current().engines.instances["voice"].runs_in == "inline"
    with capture_logs() as lines:
        config.log_origins()
    (line,) = lines
    assert (line["event"], line["place"]) == ("setting_renamed", "config.yaml, line 3")
    assert (line["key"], line["old"], line["new"]) == ("engines.instances.voice.runs_in", "thread", "inline")


def test_an_old_value_of_a_variable_is_read(file: Path) -> None:
    variable = {"STTS_ENGINES__INSTANCES__VOICE": '{"engine": "espeak", "runs_in": "thread"}'}
    assert adapter(file, "", variable).current().engines.instances["voice"].runs_in == "inline"


@pytest.mark.parametrize("value", ["inline", "process", "worker"])
def test_values_of_today_are_no_old_ones(file: Path, value: str) -> None:
    config = adapter(file, INSTANCE.format(value))
    assert config.current().engines.instances["voice"].runs_in == value
    with capture_logs() as lines:
        config.log_origins()
    assert lines == []


@pytest.mark.parametrize(("old", "new"), [("true", "text"), ("false", "none"), ("yes", "text"), ("'off'", "none")])
def test_the_switch_for_texts_in_logs_is_read(file: Path, old: str, new: str) -> None:
    config = adapter(file, f"logging:\n  log_text: {old}\n")
    assert config.current().privacy.texts == new
    with capture_logs() as lines:
        config.log_origins()
    assert [(line["event"], line["place"]) for line in lines] == [
        ("setting_moved", "config.yaml, line 2"),
        ("setting_renamed", "config.yaml, line 2"),
    ]


@pytest.mark.parametrize(("old", "new"), [("true", "text"), ("1", "text"), ("false", "none")])
def test_the_variable_for_texts_in_logs_is_read(file: Path, old: str, new: str) -> None:
    assert adapter(file, "", {"STTS_LOGGING__LOG_TEXT": old}).current().privacy.texts == new
