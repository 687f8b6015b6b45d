"""A server with all that the pages speak of, and a folder with their files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from adapters.configuration.adapter import ConfigAdapter
from tests import patient
from tests.docs.samples import lay_out
from tests.fakes import registry
from tests.server import RunningServer, running

ORDER = ["hibari", "espeak", "cloner", "named"]


@pytest.fixture(scope="package")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Beside its real engines it has one that clones and one with voices to blend."""
    folder = tmp_path_factory.mktemp("data")
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({"storage": {"root": str(folder)}, "tts": {"order": ORDER}}))
    config = ConfigAdapter.load(file, {})
    engines = registry(cloner="tests.fakes:ClonerEngine", named="tests.docs.samples:NamedVoices")
    with running(config.current(), registry=engines, config=config) as server:
        yield server


@pytest.fixture
def files(tmp_path: Path, documented: RunningServer) -> Iterator[Path]:
    """A folder; afterwards the voices that a page has made are gone, since others call theirs the same."""
    lay_out(tmp_path)
    yield tmp_path
    voices = f"{documented.url}/v1/voices"
    for voice in patient.get(voices).raise_for_status().json()["voices"]:
        patient.request("DELETE", f"{voices}/{voice['id']}").raise_for_status()


@pytest.fixture
def programs() -> None:
    """Skips where what the pages call is not installed; fails where clients are required."""
    missing = [name for name in ("bash", "curl") if shutil.which(name) is None]
    if missing and os.environ.get("STTS_REQUIRE_CLIENTS") == "1":
        pytest.fail(f"not installed: {missing}")
    if missing:
        pytest.skip(f"not installed: {missing}")
