"""Sessions of onnxruntime: networks of bytes say the same on every processor."""

from __future__ import annotations

import numpy as np
import pytest

from engines.base_onnx import open_session

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
