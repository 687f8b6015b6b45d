from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from stts.audio.watermark import weights
from stts.audio.watermark.detector import find_watermark
from stts.errors import EngineLoadFailed, EngineNotInstalled, EngineWeightsMissing
from tests.audio import encoded


def test_the_package_is_found_and_not_imported() -> None:
    import sys

    assert weights.find_checkpoint(None) is not None
    assert weights.PACKAGE not in sys.modules


def test_there_is_one_network_a_process() -> None:
    assert weights.watermark_network(None) is weights.watermark_network(None)


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no_such_package")
    with pytest.raises(EngineNotInstalled, match=r"requirements/watermark\.txt"):
        weights.watermark_network(None)


def test_a_file_that_the_operator_names_and_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EngineWeightsMissing, match=r"watermark\.weights"):
        weights.watermark_network(str(tmp_path / "gone"))


def test_a_file_that_is_something_else(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"nothing of the kind")
    recording = io.BytesIO(encoded(np.full(32_000, 0.1, np.float32), rate=32_000))
    with pytest.raises(EngineLoadFailed):
        find_watermark(recording, weights.watermark_network(str(path)), max_seconds=60.0)
