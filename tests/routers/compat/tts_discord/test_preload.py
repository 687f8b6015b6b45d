"""The engine that clones is loaded at the start of the server, by a listener of the configuration that nobody asks."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest

from adapters.configuration.adapter import ConfigAdapter
from stts.settings import Settings
from tests import patient
from tests.fakes import registry
from tests.patient import PATIENCE
from tests.routers.compat.cloning_engines import TURBO
from tests.server import running

pytestmark = pytest.mark.socket


@pytest.mark.parametrize("preload", [True, False])
def test_a_configured_listener_loads_the_engine_that_clones(tmp_path: Path, references: Path, preload: bool) -> None:
    listener = {
        "profile": "discord",
        "path": "/old",
        "options": {"references_dir": str(references), "preload": preload},
    }
    settings = Settings.model_validate(
        {
            "storage": {"root": str(tmp_path / "data")},
            "tts": {"order": ["tone", *TURBO]},
            "stt": {"order": []},
            "listeners": {"old": listener},
        }
    )
    with running(settings, registry(**TURBO)) as server:
        (name,) = TURBO
        state = httpx.get(f"{server.url}/engines/{name}", timeout=PATIENCE).json()["state"]
        assert (state == "ready") is preload, state


def test_a_listener_that_a_reload_brings_loads_it_too(tmp_path: Path, references: Path) -> None:
    values: dict[str, object] = {
        "storage": {"root": str(tmp_path / "data")},
        "tts": {"order": ["tone", *TURBO]},
        "stt": {"order": []},
        "engines": {"preload": []},
    }
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(values))
    config = ConfigAdapter.load(file, {}, None)
    with running(config.current(), registry(**TURBO), config) as server:
        (name,) = TURBO
        assert patient.get(f"{server.url}/engines/{name}").json()["state"] == "cold"
        options = {"references_dir": str(references)}
        file.write_text(
            json.dumps({**values, "listeners": {"late": {"profile": "discord", "path": "/late", "options": options}}})
        )
        patient.post(f"{server.url}/config/reload").raise_for_status()
        deadline = time.monotonic() + PATIENCE
        while patient.get(f"{server.url}/engines/{name}").json()["state"] != "ready":
            assert time.monotonic() < deadline
