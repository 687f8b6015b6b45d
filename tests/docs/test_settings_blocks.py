"""YAML and TOML of the documentation mean what the server would read there; variables of the environment, too."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values

from adapters.configuration.adapter import ConfigAdapter
from engines.models import catalogue
from engines.registry import Registry
from routers.listeners.checks import whole_check
from stts.settings import Settings
from tests.docs.blocks import Block, those_in
from tests.docs.test_blocks import ids
from tests.docs.variables import is_environment

KEY = "a-key"
"""Without one no server can be reached from other machines, which some blocks say."""


def loaded(folder: Path, text: str = "", variables: dict[str, str] | None = None) -> Settings:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    environment = {"STTS_STORAGE__ROOT": str(folder), "STTS_SECURITY__API_KEY": KEY, **(variables or {})}
    return ConfigAdapter.load(file, environment, check=whole_check(Registry())).current()


@pytest.mark.parametrize("block", those_in("yaml"), ids=ids)
def test_a_block_of_settings_is_taken(block: Block, tmp_path: Path) -> None:
    written = yaml.safe_load(block.code)
    if "models" in written and "sources" in block.code:
        assert catalogue.read(written)
        return
    settings = loaded(tmp_path, block.code)
    assert settings != loaded(tmp_path), "it says nothing but defaults"


@pytest.mark.parametrize("block", those_in("toml"), ids=ids)
def test_a_block_of_toml_names_a_group_of_entry_points(block: Block) -> None:
    groups = tomllib.loads(block.code)["project"]["entry-points"]
    assert groups.keys() <= {"stts.engines", "stts.models"}
    assert all(re.fullmatch(r"\w+:\w+", target) for group in groups.values() for target in group.values())


@pytest.mark.parametrize("block", [block for block in those_in("sh") if is_environment(block)], ids=ids)
def test_variables_of_the_environment_are_settings(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "variables"
    file.write_text(block.code, encoding="utf-8")
    variables = {name: value for name, value in dotenv_values(file).items() if value is not None}
    assert loaded(tmp_path, variables=variables) != loaded(tmp_path)
