#!/usr/bin/env bash
# sherpa-onnx 2.0.1: recognisers and files that are not what they should be.
# Guess: whatever is wrong with a model's files raises an exception, as a file that is cut off does.
# Seen: a file cut off raises RuntimeError. A network without one key of metadata, tokens that are no tokens, and a vocabulary
#   of pieces that is none end the process with code 255; asking for hotwords in pieces without a vocabulary is a segmentation
#   fault. Too few tokens are noticed at the first word that needs one: IndexError, "_Map_base::at".
# Matters: a server that recognises in its own process ends with the first wrong folder, and no handler of errors helps.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "sherpa-onnx==2.0.1" "onnx==1.23.2" "numpy==2.4.6"
cat > "$folder/run.py" <<'PYTHON'
import sys
from pathlib import Path

import numpy as np
import onnx
import sherpa_onnx
from onnx import TensorProto, helper, numpy_helper

damage, folder = sys.argv[1], Path(sys.argv[2])


def save(name, nodes, inputs, outputs, constants, metadata):
    values = [[helper.make_tensor_value_info(n, t, s) for n, t, s in each] for each in (inputs, outputs)]
    graph = helper.make_graph(nodes, "g", *values, [numpy_helper.from_array(a, n) for n, a in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.save(model, folder / name)


F, I = TensorProto.FLOAT, TensorProto.INT64
lens = ("x_lens", I, ["N"])
save(  # the score of a word is the loudest band
    "encoder.onnx",
    [
        helper.make_node("ReduceMax", ["x"], ["most"], axes=[2], keepdims=1),
        helper.make_node("Mul", ["most", "word"], ["out"]),
        helper.make_node("Identity", ["x_lens"], ["out_lens"]),
    ],
    [("x", F, ["N", "T", 80]), lens],
    [("out", F, ["N", "T", 3]), ("out_lens", I, ["N"])],
    {"word": np.array([0, 0, 1], np.float32)},
    {"model_type": "zipformer2"},
)
save(
    "decoder.onnx",
    [helper.make_node("Slice", ["y", "0", "1", "1"], ["a"]), helper.make_node("Cast", ["a"], ["b"], to=F),
     helper.make_node("Mul", ["b", "nothing"], ["out"])],
    [("y", I, ["N", 2])],
    [("out", F, ["N", 3])],
    {"0": np.array([0], np.int64), "1": np.array([1], np.int64), "nothing": np.zeros(3, np.float32)},
    {"vocab_size": "3"} if damage == "metadata" else {"vocab_size": "3", "context_size": "2"},
)
both = [("e", F, ["N", 3]), ("d", F, ["N", 3])]
save("joiner.onnx", [helper.make_node("Add", ["e", "d"], ["out"])], both, [("out", F, ["N", 3])], {}, {"joiner_dim": "3"})
tokens = {"tokens": b"no tokens at all\n\xff\xfe", "few": b"<blk> 0\n"}.get(damage, b"<blk> 0\n<unk> 1\n\xe2\x96\x81HI 2\n")
(folder / "tokens.txt").write_bytes(tokens)
if damage == "cut":
    whole = (folder / "encoder.onnx").read_bytes()
    (folder / "encoder.onnx").write_bytes(whole[: len(whole) // 2])
(folder / "bpe.vocab").write_bytes(b"no pieces at all")
pieces = {"decoding_method": "modified_beam_search", "modeling_unit": "bpe"}
more = {"vocabulary": {**pieces, "bpe_vocab": str(folder / "bpe.vocab")}, "no vocabulary": pieces}.get(damage, {})
files = {part: str(folder / f"{part}.onnx") for part in ("encoder", "decoder", "joiner")}
try:
    recognizer = sherpa_onnx.OfflineRecognizer.from_transducer(**files, tokens=str(folder / "tokens.txt"), **more)
    stream = recognizer.create_stream(hotwords="HI") if more else recognizer.create_stream()
    stream.accept_waveform(16000, np.sin(np.arange(16000) / 5).astype(np.float32))
    recognizer.decode_stream(stream)
    print(stream.result.text.strip()[:2])
except Exception as error:
    print(type(error).__name__)
PYTHON
run() {
    local code=0
    "$folder/env/bin/python" "$folder/run.py" "$1" "$folder" 2>/dev/null || code=$?
    echo "$code"
}
seen=""
for damage in none cut few metadata tokens vocabulary "no vocabulary"; do
    seen+="$damage: $(run "$damage" | paste -sd' ')"$'\n'
done
echo "$seen"
test "$seen" = "none: HI 0
cut: RuntimeError 0
few: IndexError 0
metadata: 255
tokens: 255
vocabulary: 255
no vocabulary: 139
"
echo "as it was"
