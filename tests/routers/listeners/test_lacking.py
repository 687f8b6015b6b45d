"""Engines that are not installed are told at a start in the place of another system."""

from __future__ import annotations

import pytest

from engines.registry import Registry
from routers.listeners.lacking import lacking_engines
from routers.profiles import find_profile
from stts.engine_api import Engine
from stts.settings import Settings


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine's library is installed."""
    monkeypatch.setattr(Engine, "installed", lambda self: not self.info.packages)


def said(system: str, **sections: object) -> list[str]:
    return list(lacking_engines(find_profile(system), Settings.model_validate(sections), Registry()))


@pytest.mark.usefixtures("absent")
@pytest.mark.parametrize("system", ["discord", "chatterbox-server"])
def test_where_nothing_clones_the_command_that_installs_it_is_told(system: str) -> None:
    (sentence,) = said(system)
    assert sentence.startswith("no engine that clones is installed")
    assert sentence.endswith("pip install -r requirements/chatterbox.txt")


@pytest.mark.usefixtures("absent")
def test_engines_of_rules_and_of_voices_are_told_once() -> None:
    rules = {"rules": [{"languages": ["en"], "engines": ["edge"]}]}
    (sentence,) = said("ttskit", routing=rules, tts={"language_voices": {"edge": {"en": "en-US-JennyNeural"}}})
    assert sentence == "edge is not installed, so others speak in its place: pip install -r requirements/edge.txt"


@pytest.mark.usefixtures("absent")
def test_the_engine_of_the_listener_is_told() -> None:
    section = {"profile": "kokoro-fastapi", "output": {"engine": "kokoro"}}
    (sentence,) = said("kokoro-fastapi", listeners={"kokoro-fastapi": section})
    assert sentence.startswith("kokoro is not installed")


def test_nothing_is_said_of_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine, "installed", lambda self: True)
    assert said("discord") == said("ttskit", tts={"language_voices": {"edge": {"en": "en-US-JennyNeural"}}}) == []
