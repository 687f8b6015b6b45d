#!/usr/bin/env bash
# hypothesis 6.170.17 from PyPI
# Guess: what a derandomised property test draws depends on the test and its strategies alone.
# Seen: numbers and texts that stand as literals in modules which the process has imported, and which are neither installed
#   packages nor tests, are mixed into what is drawn. The same derandomised test draws other values, once a module that it
#   does not use is imported.
# Matters: with tests spread over workers, what a worker has imported before differs from run to run, so a property fails
#   once in many runs for a reason that no seed brings back; `derandomize=True` alone does not help.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "hypothesis==6.170.17"
mkdir "$folder/project"
printf 'ODD = 918273645\nOTHER = 564738291\n' > "$folder/project/unrelated.py"
cat > "$folder/project/drawn.py" <<'PYTHON'
import sys

if "unrelated" in sys.argv:
    import unrelated  # noqa: F401
from hypothesis import given, settings, strategies

seen = []


@settings(derandomize=True, max_examples=500, database=None)
@given(strategies.integers())
def draw(value: int) -> None:
    seen.append(value)


draw()
# Compared here with what stands in the other file, which this one does not name.
print(any(str(abs(value)) in sys.argv[1].split(",") for value in seen), hash(tuple(seen)))
PYTHON
cd "$folder/project"
without=$("$folder/venv/bin/python" drawn.py 918273645,564738291)
again=$("$folder/venv/bin/python" drawn.py 918273645,564738291)
with=$("$folder/venv/bin/python" drawn.py 918273645,564738291 unrelated)
echo "without: $without / $again; with the module: $with"
[ "$without" = "$again" ]
[ "${without%% *}" = False ]
[ "${with%% *}" = True ]
