"""A start in the place of another system: its environment file becomes the one listener of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import Registry
from routers.listeners.checks import whole_check
from routers.listeners.replacing import Replacement, replacement
from routers.profile import Profile, Translated
from routers.profiles import PROFILES
from stts.errors import InvalidConfiguration


def read(variables: Mapping[str, str]) -> Translated:
    if "TOKEN" not in variables:
        raise InvalidConfiguration("TOKEN must be set.")
    return Translated(
        listener={"port": int(variables.get("PORT", "5999")), "security": {"api_key": variables["TOKEN"]}},
        settings={"cache": {"hours": 2}, "engines": {"options": {"piper": {"voices": ["/voices"]}}}},
        unknown=tuple(name for name in variables if name not in ("TOKEN", "PORT")),
    )


TOY = Profile(name="toy", title="Toy Server", dialects=("openai",), port=5999, read_environment=read)


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROFILES, "toy", f"{__name__}:TOY")


def replaced(tmp_path: Path, text: str, **address: Any) -> Replacement:
    file = tmp_path / "toy.env"
    file.write_text(text)
    return replacement("toy", str(file), address)


def loaded(tmp_path: Path, found: Replacement) -> ConfigAdapter:
    file = tmp_path / "config.yaml"
    file.write_text("listeners: {other: {dialects: [native], port: 9001}}\nserver: {port: 5999}\n")
    environ = {"STTS_STORAGE__ROOT": str(tmp_path), "STTS_CACHE__HOURS": "5"}
    return ConfigAdapter.load(file, environ, None, whole_check(Registry(), has_main=False), above=found.layer)


def test_it_has_one_listener_as_its_file_says(tmp_path: Path) -> None:
    found = replaced(tmp_path, "# comment\nTOKEN='secret word'\nexport PORT=6001\nCOLOUR=red\n")
    settings = loaded(tmp_path, found).current()
    assert list(settings.listeners) == ["toy"]
    section = settings.listeners["toy"]
    assert (section.profile, section.port) == ("toy", 6001)
    assert section.security.api_key is not None and section.security.api_key.get_secret_value() == "secret word"
    assert settings.cache.hours == 2
    assert settings.engines.options["piper"] == {"voices": ["/voices"]}
    assert found.unknown == ("COLOUR",)


def test_the_command_line_says_more_than_the_file(tmp_path: Path) -> None:
    found = replaced(tmp_path, "TOKEN=a\nPORT=6001\n", port="6002", host="127.0.0.2")
    section = loaded(tmp_path, found).current().listeners["toy"]
    assert (section.host, section.port) == ("127.0.0.2", 6002)


def test_its_port_may_be_that_of_the_main_listener_which_does_not_start(tmp_path: Path) -> None:
    assert loaded(tmp_path, replaced(tmp_path, "TOKEN=a\n")).current().listeners["toy"].port == 5999


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "TOKEN must be set."), ("TOKEN=a\n=b\n", "toy.env, line 2: is not NAME=VALUE")],
)
def test_what_the_system_refuses_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidConfiguration, match=message):
        replaced(tmp_path, text)


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(InvalidConfiguration, match="--as klingon: there is no such system; known are"):
        replacement("klingon", None, {})
    with pytest.raises(InvalidConfiguration, match="/nowhere: cannot be read"):
        replacement("toy", "/nowhere", {})
