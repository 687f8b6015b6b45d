"""Engines whose model is not on this disk are told from those that only have to be loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.descriptions import EngineDescription
from adapters.missing_models import looked_at
from engines.registry import Registry
from stts.errors import EngineWeightsMissing
from stts.settings import ModelSettings, Settings
from tests import fakes
from tests.engines.models.index_server import model
from tests.wired import Engines


def registry() -> Registry:
    known = fakes.registry(unpulled="tests.fakes:UnpulledEngine")
    known.known_models = {"small": model(engine="unpulled", kind="tts")}
    return known


async def unpulled(made: Engines) -> EngineDescription:
    found = {each.name: each for each in await looked_at(made.catalogue)}
    assert found["tone"].state == "cold" and found["tone"].needs is None
    return found["unpulled"]


async def test_an_engine_without_its_model_says_which_and_cannot_be_taken() -> None:
    made = Engines(registry(), Settings)
    try:
        told = await unpulled(made)
        assert told.needs is not None
        assert (told.state, told.needs.id, told.reading.available) == ("needs_model", "small", False)
        with pytest.raises(EngineWeightsMissing):
            await made.load("unpulled")
        assert (await unpulled(made)).state == "needs_model"  # not failed: nothing of it is broken
        assert [each.state for each in await looked_at(made.catalogue, "stt") if each.name == "echo"] == ["cold"]
    finally:
        await made.close()


async def test_with_its_model_it_only_has_to_be_loaded(tmp_path: Path) -> None:
    settings = Settings(models=ModelSettings(folder=str(tmp_path)))
    made = Engines(registry(), lambda: settings)
    try:
        assert (await unpulled(made)).state == "needs_model"
        for file in model().files:
            (tmp_path / "small" / file.path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "small" / file.path).write_bytes(bytes(file.bytes))
        await made.catalogue.weights_changed("unpulled")
        assert (await unpulled(made)).state == "cold"
    finally:
        await made.close()


async def test_engines_that_fetch_their_weights_only_have_to_be_loaded() -> None:
    """An engine gets by itself what no catalogue has, unless the operator lets nothing be fetched."""
    found = fakes.registry(unpulled="tests.fakes:UnpulledEngine")
    found.known_models = {}
    made = Engines(found, Settings)
    try:
        told = await unpulled(made)
        assert (told.state, told.fetches) == ("cold", True)
        made.instance("unpulled").engine.offline = True
        told = await unpulled(made)
        assert (told.state, told.needs) == ("needs_model", None)
    finally:
        await made.close()
