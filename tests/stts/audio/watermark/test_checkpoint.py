from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from stts.audio.watermark.checkpoint import read_tensors
from stts.audio.watermark.weights import find_checkpoint


class Malicious:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("echo stolen",)


def checkpoint(folder: Path, pickled: bytes) -> Path:
    path = folder / "model.pth.tar"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
    return path


def test_the_published_weights_are_read_without_torch() -> None:
    path = find_checkpoint(None)
    assert path is not None
    tensors = read_tensors(path)
    first = tensors["encoder.layers.0.conv.weight"]
    assert first.shape == (256, 128, 1) and first.dtype == np.float32
    assert all(np.isfinite(each).all() for each in tensors.values())


def test_a_pickle_that_names_a_function_is_not_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="no checkpoint"):
        read_tensors(checkpoint(tmp_path, pickle.dumps({"model": Malicious()})))
    assert "stolen" not in capfd.readouterr().out


@pytest.mark.parametrize("state", [{"weights": {}}, [1, 2], {"model": 5}])
def test_a_pickle_of_something_else_is_refused(tmp_path: Path, state: object) -> None:
    with pytest.raises(ValueError, match="no checkpoint"):
        read_tensors(checkpoint(tmp_path, pickle.dumps(state)))


@pytest.mark.parametrize("data", [b"", b"RIFF....WAVE", b"PK\x03\x04" + bytes(40)])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.pth.tar"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="no checkpoint"):
        read_tensors(path)


def test_a_file_that_would_unpack_to_more_than_any_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stts.audio.watermark.checkpoint.MOST_BYTES", 10_000)
    path = tmp_path / "model.pth.tar"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"model": {}}))
        archive.writestr("archive/data/0", bytes(20_000))
    with pytest.raises(ValueError, match="larger"):
        read_tensors(path)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    published = find_checkpoint(None)
    assert published is not None
    path = tmp_path / "model.pth.tar"
    data = bytearray(published.read_bytes())
    data[200_000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ValueError, match="no checkpoint"):
        read_tensors(path)
