#!/usr/bin/env bash
# onnxruntime 1.32.0 from the package index, on Linux
# Guess: it reports nothing; telemetry is a matter of Windows.
# Seen: its import makes an identifier of the machine and a store of events under ~/.cache/Microsoft/DeveloperTools, and what
#   it runs (names, hashes and sizes of models, how often and how long) is reported to Microsoft. So since 1.29. With
#   ORT_DISABLE_TELEMETRY=1 before the import there is neither; where CI is set, as in many tests, there is neither as well.
# Matters: a server that keeps everything on its machine must set the variable before anything imports the library, in each
#   process; tests under CI never see the difference.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "onnxruntime==1.32.0" "numpy==2.4.6"
made() {
  local home="$folder/home-$1"
  mkdir "$home"
  shift
  env -u CI -u XDG_CACHE_HOME -u ORT_DISABLE_TELEMETRY HOME="$home" "$@" "$folder/env/bin/python" -c "import onnxruntime"
  find "$home" -name deviceid | wc -l
}
plain=$(made plain)
silent=$(made silent ORT_DISABLE_TELEMETRY=1)
tested=$(made tested CI=true)
echo "identifiers of the machine: $plain plainly, $silent with ORT_DISABLE_TELEMETRY, $tested under CI"
[ "$plain" = 1 ] && [ "$silent" = 0 ] && [ "$tested" = 0 ]
