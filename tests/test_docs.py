"""Promises of the repository: what exists is documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.configuration.adapter import ConfigAdapter
from engines.registry import BUILTIN
from routers.app import create_app
from stts.settings import Settings

ROOT = Path(__file__).parent.parent


def routes(tmp_path: Path) -> set[str]:
    config = ConfigAdapter.load(None, {"STTS_STORAGE__ROOT": str(tmp_path)}, None)
    app = create_app(config.current(), config=config)
    return {path.replace(":path", "") for path in app.openapi()["paths"]}


def test_every_route_has_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "http-api.md").read_text(encoding="utf-8")
    missing = [path for path in routes(tmp_path) if not re.search(rf"[`/ ]{re.escape(path)}[`?, \n]", text)]
    assert missing == []


def test_every_builtin_engine_has_its_line() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in BUILTIN if f"`{name}`" not in text] == []


def test_every_setting_section_is_described() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert [name for name in Settings.model_fields if f"`{name}" not in text and f"## {name}" not in text] == []


def test_the_glossary_names_places_that_exist() -> None:
    glossary = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Glossary")[2]
    places = re.findall(r"`([\w/]+(?:\.py|/))`", glossary.partition("\n## ")[0])
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []
