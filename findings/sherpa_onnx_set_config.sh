#!/usr/bin/env bash
# sherpa-onnx 2.0.1: another language for a recogniser of SenseVoice.
# Guess: `set_option("language", ...)` of a stream sets its language, or `set_config` of the recogniser that of all.
# Seen: the stream's option is taken and does nothing. `set_config` sets the language, and with it, even with the very configuration
#   that the recogniser was made from, samples are no longer scaled to 16 bits before their features are computed.
# Matters: a server that sets the language of each request hears nothing, or other words, from the second request on.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "sherpa-onnx==2.0.1" "onnx==1.23.2" "numpy==2.4.6"
cat > "$folder/run.py" <<'PYTHON'
import sys

import numpy as np
import onnx
import sherpa_onnx
from onnx import TensorProto, helper, numpy_helper

folder = sys.argv[1]
TOKENS = ("<unk>", "▁TONE", "<|en|>", "<|ko|>", "<|NEUTRAL|>", "<|Speech|>", "<|woitn|>")
with open(f"{folder}/tokens.txt", "w") as file:
    file.writelines(f"{token} {number}\n" for number, token in enumerate(TOKENS))
# The first of four tags is the language asked for; a frame is TONE where it is louder than 8.
size = len(TOKENS)
tags = np.full((2, 4, size), -100, np.float32)
for language in range(2):
    tags[language, range(4), [2 + language, 4, 5, 6]] = 0
nodes = [
    helper.make_node("ReduceMax", ["x"], ["most"], axes=[2], keepdims=1),
    helper.make_node("Mul", ["most", "tone"], ["a"]),
    helper.make_node("Add", ["a", "bound"], ["words"]),
    helper.make_node("Gather", ["tags", "language"], ["tag"]),
    helper.make_node("Concat", ["tag", "words"], ["logits"], axis=1),
]
tone, bound = np.eye(size, dtype=np.float32)[1], np.array([8, 0, *[-100] * (size - 2)], np.float32)
constants = {"tone": tone, "bound": bound, "tags": tags}
F, I = TensorProto.FLOAT, TensorProto.INT32
inputs = [("x", F, ["N", "T", 560]), ("lens", I, ["N"]), ("language", I, ["N"]), ("norm", I, ["N"])]
values = [helper.make_tensor_value_info(*each) for each in inputs]
out = [helper.make_tensor_value_info("logits", F, ["N", "S", size])]
graph = helper.make_graph(nodes, "g", values, out, [numpy_helper.from_array(a, n) for n, a in constants.items()])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
languages = {f"lang_{name}": int(name == "ko") for name in ("auto", "zh", "en", "ja", "ko", "yue")}
scale = {"neg_mean": ",".join(["0"] * 560), "inv_stddev": ",".join(["1"] * 560), "normalize_samples": 0}
frames = {"vocab_size": size, "lfr_window_size": 7, "lfr_window_shift": 6, "with_itn": 1, "without_itn": 0}
metadata = {"model_type": "sense_voice_ctc", **languages, **scale, **frames}
helper.set_model_props(model, {key: str(value) for key, value in metadata.items()})
onnx.save(model, f"{folder}/model.onnx")

recognizer = sherpa_onnx.OfflineRecognizer.from_sense_voice(f"{folder}/model.onnx", f"{folder}/tokens.txt", language="en")
tone = (0.3 * np.sin(np.arange(16000) / 8)).astype(np.float32)


def heard(**options):
    stream = recognizer.create_stream()
    for name, value in options.items():
        stream.set_option(name, value)
    stream.accept_waveform(16000, tone)
    recognizer.decode_stream(stream)
    return f"{stream.result.text.strip() or 'nothing'} {stream.result.lang}"


config = recognizer.config
print("made:", heard())
print("option:", heard(language="ko"))
recognizer.recognizer.set_config(config)
print("same configuration:", heard())
config.feat_config.normalize_samples = False
config.model_config.sense_voice.language = "ko"
recognizer.recognizer.set_config(config)
print("scaled again:", heard())
PYTHON
seen=$("$folder/env/bin/python" "$folder/run.py" "$folder")
echo "$seen"
test "$seen" = "made: TONE <|en|>
option: TONE <|en|>
same configuration: nothing <|en|>
scaled again: TONE <|ko|>"
echo "as it was"
