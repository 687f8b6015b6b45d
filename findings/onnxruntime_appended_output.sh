#!/usr/bin/env bash
# onnxruntime 1.27.0 and onnx 1.23.2 from PyPI
# Guess: a tensor inside an ONNX graph can be had only by editing the model with the onnx package: bytes that stand behind
#   the end of a serialised model are refused, or not read.
# Seen: a second ModelProto written behind the first, with nothing in it but a graph that has one output of the tensor's
#   name, is merged into the first, as protobuf merges what is concatenated. onnxruntime gives the inner tensor beside the
#   old output, whose values stay the same to the bit; for a name that the graph does not have, loading fails.
# Matters: durations, attention or other inner values of a published voice are there for two dozen bytes, without onnx
#   as a dependency; and a file that was concatenated by mistake is no error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "onnxruntime==1.27.0" "onnx==1.23.2"
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto, helper


def value(name: str) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [3])


nodes = [helper.make_node("Mul", ["x", "x"], ["inner"]), helper.make_node("Sqrt", ["inner"], ["y"])]
opset = [helper.make_opsetid("", 17)]
graph = helper.make_graph(nodes, "g", [value("x")], [value("y")])
model = helper.make_model(graph, opset_imports=opset, ir_version=9).SerializeToString()


def appended(name: str) -> bytes:
    return ModelProto(graph=GraphProto(output=[ValueInfoProto(name=name)])).SerializeToString()


def run(data: bytes) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    x = np.array([1.5, 2.5, -3.5], np.float32)
    return dict(zip(names, session.run(None, {"x": x}), strict=True))


plain, longer = run(model), run(model + appended("inner"))
print(f"{len(appended('inner'))} bytes more: outputs {list(plain)} -> {list(longer)}, inner {longer['inner']}")
assert list(plain) == ["y"] and list(longer) == ["y", "inner"], "the appended output is not merged any more"
assert longer["y"].tobytes() == plain["y"].tobytes(), "the old output changed"
assert np.allclose(longer["inner"], [2.25, 6.25, 12.25])
try:
    run(model + appended("nobody"))
except Exception as error:  # its own class is not public
    print(f"a name that is not there: {type(error).__name__}")
else:
    raise AssertionError("a name that is not in the graph is taken now")
PYTHON
