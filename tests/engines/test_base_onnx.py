"""Sessions of onnxruntime: networks of bytes say the same on every processor."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engines import base_onnx
from engines.base_onnx import multiplies_bytes_exactly, open_session

DEPTH = 64


@pytest.mark.engines("onnx", "onnx")
def test_products_of_bytes_are_exact() -> None:
    """Without VNNI the sums saturate where the session does not forbid it."""
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info("a", TensorProto.UINT8, [4, DEPTH])
    made = helper.make_tensor_value_info("y", TensorProto.INT32, [4, 16])
    bytes_ = np.full((DEPTH, 16), 127, np.int8).tobytes()
    weights = helper.make_tensor("b", TensorProto.INT8, [DEPTH, 16], bytes_, raw=True)
    node = helper.make_node("MatMulInteger", ["a", "b"], ["y"])
    graph = helper.make_graph([node], "bytes", [given], [made], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()
    (result,) = open_session(model, 1).run(None, {"a": np.full((4, DEPTH), 255, np.uint8)})
    assert (result == DEPTH * 255 * 127).all()


@pytest.fixture
def asked_anew() -> Iterator[None]:
    multiplies_bytes_exactly.cache_clear()
    yield
    multiplies_bytes_exactly.cache_clear()


@pytest.mark.usefixtures("asked_anew")
@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_vnni\n", True),
        ("flags\t\t: fpu avx2 avx_vnni\n", True),
        ("flags\t\t: fpu avx2 avx512f\n", False),
        ("Features\t: fp asimd\n", False),
        (None, False),
    ],
)
def test_processors_that_multiply_bytes_exactly(
    text: str | None, exact: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpuinfo"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr(base_onnx, "_PROCESSOR", file)
    assert multiplies_bytes_exactly() is exact
