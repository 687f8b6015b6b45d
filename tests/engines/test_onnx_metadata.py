"""Metadata of ONNX files is read without a library, and files that are none are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from engines.onnx_metadata import read_metadata, read_outputs
from stts.errors import EngineLoadFailed
from tests.engines.onnx_file import write_mean_model


def test_keys_and_values(tmp_path: Path) -> None:
    metadata = {"model_type": "zipformer2", "T": "45", "neg_mean": "0.5," * 3000, "empty": "", "name": "ünïcode"}
    assert read_metadata(write_mean_model(tmp_path / "a.onnx", metadata=metadata)) == metadata
    assert read_metadata(write_mean_model(tmp_path / "b.onnx")) == {}


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    path = write_mean_model(tmp_path / "a.onnx", metadata={"model_type": "lstm"})
    whole = path.read_bytes()
    for length in (0, 1, 3, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(EngineLoadFailed, match=r"a\.onnx"):
            read_metadata(path)


@pytest.mark.parametrize(
    "content", [b"<html>nothing</html>", b"\xff" * 200, b"\x08\x08", b"version https://git-lfs", b"\x72\x03\x0a\x7fa"]
)
def test_a_file_that_is_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(EngineLoadFailed, match=r"model\.onnx"):
        read_metadata(path)


def test_names_of_outputs(tmp_path: Path) -> None:
    path = write_mean_model(tmp_path / "a.onnx", metadata={"model_type": "lstm"})
    assert read_outputs(path) == ["logits"]
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(EngineLoadFailed, match=r"a\.onnx"):
        read_outputs(path)
