#!/usr/bin/env bash
# gTTS 2.5.4 beside huggingface-hub 2.4.0
# Guess: two libraries that have nothing to do with each other install into one environment.
# Seen: gTTS asks for click<8.2 for its command line, huggingface-hub 2.4 for click>=8.4.2 for its own: pip refuses the
#   pair. Without a pin of huggingface-hub it silently takes an older major version (1.x).
# Matters: tokenizers, and with it everything that reads a Whisper, brings huggingface-hub; whoever adds a network voice
#   to it gets other versions than he tested, and one who pins both gets nothing.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
pip() { "$folder/env/bin/python" -m pip install --quiet --dry-run --no-deps "$@"; }
pip "gTTS==2.5.4" && pip "huggingface-hub==2.4.0"
if "$folder/env/bin/python" -m pip install --quiet --dry-run "gTTS==2.5.4" "huggingface-hub==2.4.0" >"$folder/log" 2>&1; then
    echo "they go together now" >&2
    exit 1
fi
grep -q "click" "$folder/log"
"$folder/env/bin/python" -m pip install --quiet --dry-run --report "$folder/report" "gTTS==2.5.4" huggingface-hub
"$folder/env/bin/python" - "$folder/report" <<'PYTHON'
import json
import sys
from pathlib import Path

report = json.loads(Path(sys.argv[1]).read_text())
chosen = {each["metadata"]["name"].lower().replace("_", "-"): each["metadata"]["version"] for each in report["install"]}
print({name: chosen[name] for name in ("click", "gtts", "huggingface-hub")})
assert chosen["huggingface-hub"].startswith("1."), chosen["huggingface-hub"]
PYTHON
echo "as it was"
