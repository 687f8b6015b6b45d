#!/usr/bin/env bash
# onnxruntime 1.32.0 with a decoder that writes token by token (moonshine-cpp 0.1.4, base-en)
# Guess: the defaults of a session suit it; turning the arena off saves memory at little cost.
# Seen: with the defaults the process takes about 640 MB after one utterance of 30 tokens. Without the arena it takes 265 MB
#   and more than twice the processor time. With `enable_mem_pattern = False` and the arena option
#   `arena_extend_strategy: kSameAsRequested` it takes 425 MB at full speed.
# Matters: each token makes longer keys and values than the one before, so that a pattern of memory is made for every
#   length, and an arena that doubles itself keeps them all. A server pays that for each process.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "onnxruntime==1.32.0" "numpy==2.4.6" "psutil>=6,<8"
"$folder/env/bin/python" -m pip install --quiet --no-deps "moonshine-cpp==0.1.4"
cat > "$folder/run.py" <<'PYTHON'
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
import psutil

arena, pattern, strategy = sys.argv[1:]
models = Path(find_spec("moonshine_cpp").submodule_search_locations[0]) / "models" / "base-en"
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.enable_cpu_mem_arena, options.enable_mem_pattern = arena == "on", pattern == "on"
providers = [("CPUExecutionProvider", {"arena_extend_strategy": strategy} if strategy != "default" else {})]
encoder, decoder = (
    onnxruntime.InferenceSession(str(models / name), options, providers)
    for name in ("encoder_model.ort", "decoder_model_merged.ort")
)
samples = np.random.default_rng(0).normal(0, 0.1, (1, 64_000)).astype(np.float32)
began = time.process_time()
(heard,) = encoder.run(None, {"input_values": samples})
names = [each.name for each in decoder.get_inputs() if each.name.startswith("past_")]
cache = {name: np.zeros((1, 8, 0, 52), np.float32) for name in names}
for step in range(30):
    given = {"input_ids": np.array([[1 if step == 0 else 300 + step]]), "encoder_hidden_states": heard}
    _, *present = decoder.run(None, {**given, "use_cache_branch": np.array([step > 0]), **cache})
    cache |= {name: value for name, value in zip(names, present, strict=True) if step == 0 or ".decoder." in name}
print(round(psutil.Process().memory_info().rss / 1e6), round(time.process_time() - began, 2))
PYTHON
run() { "$folder/env/bin/python" "$folder/run.py" "$@"; }
default=$(run on on default) none=$(run off on default) tuned=$(run on off kSameAsRequested)
echo "MB and processor seconds: default $default; no arena $none; tuned $tuned"
read -r default_mb default_s <<<"$default"
read -r none_mb none_s <<<"$none"
read -r tuned_mb tuned_s <<<"$tuned"
test "$tuned_mb" -lt $((default_mb * 85 / 100))
test "$none_mb" -lt "$tuned_mb"
"$folder/env/bin/python" -c "assert $none_s > 1.5 * $tuned_s and $tuned_s < 1.3 * $default_s"
echo "as it was"
