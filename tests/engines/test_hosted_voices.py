"""Each engine says which of its voices are of the kind of each hosted one; docs/engines.md shows it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engines.registry import Registry
from engines.tts import hibari_voices
from engines.tts.piper_voices import _MEN, _WOMEN
from stts.engine_api import TTSEngine
from stts.voice_names import HOSTED

ENGINES = ("hibari", "espeak", "kokoro", "piper", "pocket", "edge")
PAGE = Path(__file__).parents[2] / "docs" / "engines.md"
KOKORO = re.compile(r"[ab](?P<gender>[fm])_[a-z]+")
PIPER = re.compile(r"en_(?:US|GB)-(?P<dataset>\w+)-(?:high|medium|low|x_low)")


def made(name: str) -> TTSEngine:
    engine = Registry().create(name)
    assert isinstance(engine, TTSEngine)
    return engine


def gender(engine: str, voice: str) -> str:
    if engine == "kokoro":
        match = KOKORO.fullmatch(voice)
        assert match is not None, voice
        return {"f": "female", "m": "male"}[match["gender"]]
    if engine == "piper":
        match = PIPER.fullmatch(voice)
        assert match is not None, voice
        return "female" if match["dataset"] in _WOMEN else "male" if match["dataset"] in _MEN else "unknown"
    if engine == "hibari":
        return {each.voice.id: each.voice.gender for each in hibari_voices.VOICES}[voice]
    found = made(engine).find_voice(voice)
    assert found is not None, voice
    return found.gender


@pytest.mark.parametrize("engine", ENGINES)
def test_every_hosted_name_has_voices_of_its_gender(engine: str) -> None:
    hosted = made(engine).info.hosted_voices
    assert hosted.keys() == HOSTED.keys()
    for name, voices in hosted.items():
        assert voices
        assert {gender(engine, voice) for voice in voices} <= ({HOSTED[name]} if HOSTED[name] else {"female", "male"})


@pytest.mark.parametrize("engine", ["espeak", "pocket", "edge"])
def test_engines_that_have_many_voices_give_each_name_its_own(engine: str) -> None:
    firsts = [voices[0] for voices in made(engine).info.hosted_voices.values()]
    assert len(set(firsts)) == len(firsts)


def test_the_page_shows_the_choices() -> None:
    rows = {
        cells[0].strip("`"): cells[2:]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
        and (cells := [cell.strip() for cell in line.strip("|").split("|")])
        and cells[0].strip("`") in HOSTED
    }
    assert rows.keys() == HOSTED.keys()
    for name, shown in rows.items():
        assert shown == [f"`{made(engine).info.hosted_voices[name][0]}`".replace("-high`", "`") for engine in ENGINES]
