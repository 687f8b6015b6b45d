"""Networks that are written without a library, and constants that are read without one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engines.base_onnx import open_session
from engines.onnx_constants import read_constants
from engines.onnx_network import NetworkWriter
from engines.registry import Registry
from engines.vad.silero import FILE, MODEL
from stts.errors import EngineLoadFailed
from tests.engines.onnx_file import write_mean_model

SILERO = Registry().create("silero").require_model(MODEL) / FILE
RNG = np.random.default_rng(0)


def test_a_network_runs_for_any_number_of_rows() -> None:
    weight, bias = (RNG.normal(size=size).astype(np.float32) for size in ((6, 300), (300,)))
    network = NetworkWriter()
    left, right = network.split(network.input("rows", 8), 6, 2)
    network.add("Relu", network.add("Gemm", left, weight, bias), gives="wide")
    network.add("Concat", network.slice(right, 1, -3, -1), right, axis=1, gives="mirrored")
    network.reshape(right, gives="flat")
    for name, widths in (("wide", (300,)), ("mirrored", (4,)), ("flat", ())):
        network.output(name, *widths)
    session = open_session(network.model(), threads=1)
    for count in (1, 5):
        rows = RNG.normal(size=(count, 8)).astype(np.float32)
        wide, mirrored, flat = session.run(None, {"rows": rows})
        np.testing.assert_allclose(wide, np.maximum(rows[:, :6] @ weight + bias, 0), rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(mirrored, rows[:, [7, 6, 6, 7]])
        np.testing.assert_array_equal(flat, rows[:, 6:].ravel())


def test_constants_of_branches_are_read() -> None:
    constants = read_constants(SILERO)
    biases = {name: content for name, content in constants.items() if name.endswith("decoder.decoder.2.bias")}
    assert {len(content) for content in biases.values()} == {4} and len(biases) == 2, "one for each sample rate"
    assert len(constants["If_0_then_branch__Inline_0__stft.forward_basis_buffer"]) == 258 * 256 * 4


def test_a_network_without_constants(tmp_path: Path) -> None:
    assert read_constants(write_mean_model(tmp_path / "mean.onnx")) == {}


@pytest.mark.parametrize("length", [1, 1_000, 2_000_000])
def test_a_file_that_is_cut_off_gives_no_constants(tmp_path: Path, length: int) -> None:
    path = tmp_path / "network.onnx"
    path.write_bytes(SILERO.read_bytes()[:length])
    with pytest.raises(EngineLoadFailed, match=r"network\.onnx is cut off"):
        read_constants(path)
