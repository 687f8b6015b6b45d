#!/usr/bin/env bash
# pytest 9.0.1, fixtures with scope="package"
# Guess: such a fixture of tests/a/conftest.py is torn down when the last test of tests/a is over.
# Seen: so it is only where the folder has an __init__.py. Without one (as with --import-mode=importlib it may be) the scope
#   is quietly that of the session: the fixture lives on through the tests of all other folders.
# Matters: a server that a folder's tests share keeps its threads, files and processes in the same process as tests that
#   count theirs, and nothing warns of it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet "pytest==9.0.1"
mkdir -p "$folder/tests/a" "$folder/tests/b"
cat >"$folder/tests/a/conftest.py" <<'PYTHON'
import pytest


@pytest.fixture(scope="package")
def shared():
    yield
    print("TORN DOWN")
PYTHON
printf 'def test_a(shared):\n    print("A")\n' >"$folder/tests/a/test_a.py"
printf 'def test_b():\n    print("B")\n' >"$folder/tests/b/test_b.py"
order() {
    cd "$folder" && "$folder/env/bin/python" -m pytest -q -s --import-mode=importlib -p no:cacheprovider tests | grep -oE "TORN DOWN|^\.?[AB]$" | tr -d . | tr '\n' ' '
}
plain=$(order)
touch "$folder/tests/a/__init__.py"
package=$(order)
echo "without __init__.py: $plain; with it: $package"
[ "$plain" = "A B TORN DOWN " ] && [ "$package" = "A TORN DOWN B " ]
echo "as it was"
