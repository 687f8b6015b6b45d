"""The engine that clones is loaded at the start of the server, by a listener of the configuration that nobody asks."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from stts.settings import Settings
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
