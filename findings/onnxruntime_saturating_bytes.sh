#!/usr/bin/env bash
# onnxruntime 1.32.0: a network of bytes gives other results on a processor without VNNI, by default and without a word.
#
# Good guess: integer arithmetic is exact, so a quantised network says the same on every processor.
# Seen: on x86-64 with AVX2 alone, products of unsigned and signed bytes are added in pairs in 16 bits, which saturate: the
#   sum of 64 products of 255 and 127 is about half of what it should be. `session.x64quantprecision` = "1" makes it exact;
#   with VNNI it is exact either way. No warning, no mention in the model.
# Why it matters: a quantised network that is right on the machine of its maker, and on a server, is wrong at home; a
#   published detector of finished turns gave 0.39 for a sentence that it gives more than 0.8 elsewhere. Whoever tests on
#   one kind of processor never sees it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "onnxruntime==1.32.0" "onnx==1.23.2" "numpy==2.4.6"
"$folder/venv/bin/python" - <<'PY'
import platform
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

DEPTH = 64


def network() -> bytes:
    given = helper.make_tensor_value_info("a", TensorProto.UINT8, [4, DEPTH])
    made = helper.make_tensor_value_info("y", TensorProto.INT32, [4, 16])
    weights = helper.make_tensor("b", TensorProto.INT8, [DEPTH, 16], np.full((DEPTH, 16), 127, np.int8).tobytes(), raw=True)
    node = helper.make_node("MatMulInteger", ["a", "b"], ["y"])
    graph = helper.make_graph([node], "bytes", [given], [made], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def largest(precise: str) -> int:
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.x64quantprecision", precise)
    session = onnxruntime.InferenceSession(network(), options, providers=["CPUExecutionProvider"])
    return int(session.run(None, {"a": np.full((4, DEPTH), 255, np.uint8)})[0].max())


exact, default, precise = DEPTH * 255 * 127, largest("0"), largest("1")
flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
has_vnni = "avx512_vnni" in flags or "avx_vnni" in flags
print(f"exact {exact}; by default {default}; with x64quantprecision {precise}; VNNI: {has_vnni}")
assert precise == exact, "exact arithmetic is not to be had this way any more"
if platform.machine() == "x86_64" and "avx2" in flags and not has_vnni:
    assert default < 0.6 * exact, "the default is exact now"
elif has_vnni:
    assert default == exact, "VNNI does not make it exact any more"
else:
    print("not judged on this processor")
PY
